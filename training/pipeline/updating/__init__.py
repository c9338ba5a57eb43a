"""A model from the one that serves and new events. In: a version, and files of events. Out: the next version, as a
whole training with its settings would make it. Imports the steps of the whole run."""
