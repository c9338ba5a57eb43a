"""Keys, rates, sizes and origins, over real HTTP."""

import gzip

from support.live import serving, until

from store.database import connect
from store.keys import list_keys, revoke_key

WANTED = [
    ("GET", "/similar/a1", "read"),
    ("GET", "/similar/a1?explain=true", "read"),
    ("POST", "/similar", "read"),
    ("POST", "/recommend", "read"),
    ("GET", "/users/u/recommendations", "read"),
    ("GET", "/users/types", "read"),
    ("GET", "/users/types/x/recommendations", "read"),
    ("POST", "/rank", "read"),
    ("GET", "/explain?item=a1&candidate=a2", "read"),
    ("GET", "/analogy?positive=a1", "read"),
    ("GET", "/map", "read"),
    ("GET", "/map/x/points", "read"),
    ("GET", "/map/x/items", "read"),
    ("GET", "/vectors?item_id=a1", "read"),
    ("GET", "/suggest?q=a", "read"),
    ("GET", "/status", "read"),
    ("GET", "/items", "read"),
    ("GET", "/items/a1", "read"),
    ("PUT", "/items", "write"),
    ("PATCH", "/items/a1", "write"),
    ("DELETE", "/items/a1", "write"),
    ("POST", "/events", "write"),
    ("GET", "/events/rejects", "admin"),
    ("POST", "/retrain", "write"),
    ("GET", "/jobs", "read"),
    ("GET", "/jobs/x", "read"),
    ("DELETE", "/jobs/x", "write"),
    ("GET", "/jobs/x/stream", "read"),
    ("GET", "/models", "read"),
    ("GET", "/models/20260101-000000", "read"),
    ("GET", "/models/diff", "read"),
    ("POST", "/models/20260101-000000/activate", "admin"),
    ("POST", "/models/rollback", "admin"),
    ("GET", "/metrics", "read"),
    ("GET", "/openapi.json", "read"),
    ("GET", "/audit", "admin"),
    ("DELETE", "/users/u", "admin"),
    ("DELETE", "/users?user_id=u", "admin"),
]
ORDER = ["read", "write", "admin"]


def test_every_route_asks_for_its_scope_and_no_other_opens_it(models, tokens):
    with serving(models) as client:
        document = client.get("/openapi.json", headers={"X-API-Key": tokens["read"]}).json()
        routes = {(m.upper(), p) for p, methods in document["paths"].items() for m in methods}
        assert len(WANTED) >= len(routes) - 4  # twins and the two open ones
        assert client.get("/openapi.json").status_code == 401
        for method, path, scope in WANTED:
            json = {} if method in ("POST", "PUT", "PATCH") else None
            assert client.request(method, path, json=json).status_code == 401, path
            wrong = client.request(method, path, json=json, headers={"X-API-Key": tokens[scope][:-1] + "!"})
            assert (wrong.status_code, wrong.json()["code"]) == (401, "key_invalid")
            for held in ORDER:
                if path == "/events/rejects" and held == "admin":
                    continue
                answer = client.request(method, path, json=json, headers={"Authorization": f"Bearer {tokens[held]}"})
                enough = ORDER.index(held) >= ORDER.index(scope)
                assert (answer.status_code not in (401, 403)) == enough, (method, path, held, answer.text)
                if path == "/retrain" and answer.status_code == 202:
                    client.delete(answer.headers["location"], headers={"X-API-Key": tokens["write"]})
        for path in ("/healthz", "/readyz"):
            assert client.get(path).status_code == 200


def test_a_revoked_key_stops_working_and_the_service_stays_closed(models, tokens):
    engine = connect(f"sqlite:///{models / 'item2vec.db'}")
    with serving(models) as client:
        assert client.get("/similar/a1", headers={"X-API-Key": tokens["read"]}).status_code == 200
        for stored in list_keys(engine):
            revoke_key(engine, stored.key_id)
        until(lambda: client.get("/similar/a1", headers={"X-API-Key": tokens["admin"]}).status_code == 401)
        assert client.get("/similar/a1").status_code == 401
    engine.dispose()


def test_too_many_requests_of_one_key_are_told_when_to_come_back(models, tokens):
    with serving(models, rate_per_key=5) as client:
        headers = {"X-API-Key": tokens["read"]}
        statuses = [client.get("/similar/a1", headers=headers) for _ in range(15)]
        refused = [answer for answer in statuses if answer.status_code == 429]
        assert len(statuses) - len(refused) >= 10  # twice the rate at once
        assert refused[0].json()["code"] == "rate_exceeded"
        assert int(refused[0].headers["retry-after"]) >= 1
        assert client.get("/similar/a1", headers={"X-API-Key": tokens["write"]}).status_code == 200


def test_too_many_requests_of_one_address_are_refused_before_the_key_is_looked_at(models):
    with serving(models, rate_per_address=3) as client:
        assert 429 in [client.get("/similar/a1").status_code for _ in range(12)]
        assert client.get("/healthz").status_code == 200


def test_large_bodies_are_refused_whether_they_say_their_size_or_not(models):
    def stream():
        for _ in range(100):
            yield b" " * 1000

    with serving(models, max_body=10_000, max_batch=3, max_events=5) as client:
        json_type = {"Content-Type": "application/json"}
        for path in ("/events", "/similar", "/recommend"):
            assert client.post(path, content=b" " * 20_000, headers=json_type).status_code == 413, path
            assert client.post(path, content=stream(), headers=json_type).status_code == 413, path
        packed = {**json_type, "Content-Encoding": "gzip"}
        assert client.post("/events", content=gzip.compress(b" " * 1_000_000), headers=packed).status_code == 413
        assert client.post("/similar", json={"items": ["a1"] * 4}).status_code == 413
        assert client.post("/events", json=[{"user_id": "u", "item_id": "i"}] * 6).status_code == 413


def test_a_page_on_another_site_cannot_write(models):
    with serving(models, cors_origins=("https://shop.example",)) as client:
        row = [{"user_id": "u", "item_id": "i"}]
        foreign = client.post("/events", json=row, headers={"Origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_refused")
        friend = client.post("/events", json=row, headers={"Origin": "https://shop.example"})
        assert friend.status_code == 200
        assert friend.headers["access-control-allow-origin"] == "https://shop.example"
        own = str(client.base_url)
        assert client.post("/events", json=row, headers={"Origin": own}).status_code == 200


def test_log_lines_hold_the_template_and_never_an_id_a_body_or_a_key(models, tokens, capfd):
    with serving(models, access_log=True) as client:
        headers = {"X-API-Key": tokens["write"]}
        client.get("/similar/a1", headers=headers)
        client.get("/similar/secret-item", headers=headers)
        client.post("/events", json=[{"user_id": "secret-user", "item_id": "secret-item"}], headers=headers)
        client.get("/similar/a1?k=2", headers={"X-API-Key": tokens["read"][:-2] + "xx"})
    lines = [line for line in capfd.readouterr().err.splitlines() if "request_id=" in line]
    assert len(lines) == 4
    assert "method=GET route=/similar/{item_id} status=200 ms=" in lines[0]
    assert not any(word in line for line in lines for word in ("secret", "i2v_", *tokens.values()))
