"""What a log could use of docs/objectives.md. In: a log that was looked at. Out: settings, each with its reason."""
