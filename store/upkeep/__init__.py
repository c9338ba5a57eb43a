"""The database looked after by its owner: tables made, rights given, old rows dropped, files copied and made small."""
