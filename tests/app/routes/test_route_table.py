"""Every documented path reaches its own route, whatever the ids in it hold."""

from itertools import product

from starlette.routing import Match

from app.main import ROUTES, create_app
from app.settings import Settings

# Ids that look like parts of other paths, or like more than one part.
AWKWARD = [
    "t000327", "a/b", "/", "a/", "//x", "..", ".", "", " ", "a\nb", "a%2Fb", "é/日本", "a?k=1", "a#b", "{item_id}",
    "diff", "rollback", "rejects", "stream", "activate", "recommendations", "x/recommendations", "x/stream", "similar",
    "items/x", "models/diff",
]  # fmt: skip
# Names that the service gives itself, to versions and jobs: without a slash, and never one of its own words.
OWN = ["20261124-065832", "20261124-065832-1f9a3c", "x", "similar", "a b", "a%0A", "é"]


def reached(modules, method, path):
    """The template of the first route that takes the request."""
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    routes = (route for module in modules for route in module.router.routes)
    return next((route.path_format for route in routes if route.matches(scope)[0] == Match.FULL), None)


def filled(template):
    """The path with each id in turn."""
    names = [part.partition("}")[0] for part in template.split("{")[1:]]
    for ids in product(*(AWKWARD if name in ("item_id", "user_id") else OWN for name in names)):
        yield template.format(**dict(zip(names, ids, strict=True)))


def requests(app):
    """(method, template, path) of every documented operation with every id."""
    paths = app.openapi()["paths"]
    return [(m.upper(), template, path) for template in paths for m in paths[template] for path in filled(template)]


def test_every_documented_path_reaches_its_own_route_in_whatever_order_the_routers_stand(tmp_path):
    asked = requests(create_app(Settings(models=tmp_path)))
    assert len({(method, template) for method, template, _ in asked}) > 20
    for modules in (ROUTES, ROUTES[::-1]):
        wrong = [found for found in asked if reached(modules, found[0], found[2]) != found[1]]
        assert wrong == []


def test_the_words_of_the_service_come_before_names():
    assert reached(ROUTES, "GET", "/models/diff") == "/models/diff"
    assert reached(ROUTES, "POST", "/models/rollback") == "/models/rollback"
    assert reached(ROUTES, "GET", "/items") == "/items"
    assert reached(ROUTES, "GET", "/items/") == "/items/{item_id}"
    assert reached(ROUTES, "POST", "/similar") == "/similar"
    assert reached(ROUTES, "GET", "/nowhere") is None
