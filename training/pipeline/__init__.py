"""The whole run in order, each step resumable. In: the settings of a training and a folder of models. Out: a published
version and what became of the log. Imports every room of training but tune and jobs."""
