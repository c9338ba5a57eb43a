"""The command line: one file a command or a group of them. The only room that knows both sides."""
