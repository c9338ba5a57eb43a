"""One file a group of routes: each says what it takes, calls one method, and shapes the reply."""
