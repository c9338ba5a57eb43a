"""How good a model is. In: a split, a recommender, baselines. Out: ranks, figures with intervals, the gate's answer.
Imports baselines, corpus and config."""
