"""How good a model is. In: a split, a recommender, baselines. Out: ranks, figures with intervals, and the gate."""
