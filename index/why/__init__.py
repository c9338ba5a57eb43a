"""Why two items are close: what the sessions say of a pair, what each part adds, what a vector is made of."""
