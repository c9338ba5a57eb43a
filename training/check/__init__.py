"""From a log to a report on it. In: the settings of a training. Out: what the log holds, findings, and a forecast."""
