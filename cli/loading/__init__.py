"""What another tool has stored, sent into a service that runs: items, then events, over HTTP. In come files of the tool
and the address of the service; out come counts, and a file of the rows that were refused. May import all, as cli/ may;
HTTP is spoken in service.py only."""
