"""What is answered: a question and one view of model and catalogue in, a list and its bytes out.

May import: app.live, app.filters, app.pools, index.
"""
