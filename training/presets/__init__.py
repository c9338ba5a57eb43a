"""Presets: what the files of another tool, or of a public data set, look like. In come settings that name a preset and
files; out come the settings it stands for, and files made of several where a log needs that. Imports events/ for how a
file is opened, and the settings. A preset lies under flags and the file of settings, and over the defaults."""
