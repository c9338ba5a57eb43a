"""One file a subject: each looks at what was counted of a log, and yields its findings."""
