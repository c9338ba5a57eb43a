"""One file for each tool or data set whose files are known, and the table of them all. Each says how its files look,
what their columns are, and how its metadata becomes items. Imports the rest of presets/."""
