"""Where the bytes of a request arrive: what can be answered at once is, everything else goes the way of `app.http`.

Above `app.http`, since it asks for keys and rates and notes requests as that does. Without this room all is answered by
the routes.
"""
