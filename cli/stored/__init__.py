"""The commands that look after what is stored: keys, users, the audit, how long what is kept, backups."""
