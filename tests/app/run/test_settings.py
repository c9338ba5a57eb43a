"""Settings from the environment, and secrets from files that it names."""

import pytest
from sqlalchemy import make_url

from app.settings import Settings
from index.errors import ConfigError


@pytest.fixture
def password(tmp_path):
    file = tmp_path / "password"
    file.write_text("p@ss:w/rd %\n")
    return str(file)


def test_the_password_of_the_database_comes_from_a_file(password):
    found = Settings.from_environment(
        {"ITEM2VEC_DATABASE": "postgresql://item2vec@db:5432/name", "ITEM2VEC_DATABASE_PASSWORD_FILE": password}
    )
    url = make_url(found.database_url)
    assert (url.username, url.password, url.host, url.port) == ("item2vec", "p@ss:w/rd %", "db", 5432)
    assert "p@ss" not in repr(found)


def test_a_process_that_gets_the_settings_of_another_reads_the_same(password):
    environ = {"ITEM2VEC_DATABASE": "postgresql://u@/n?host=/run", "ITEM2VEC_DATABASE_PASSWORD_FILE": password}
    found = Settings.from_environment(environ)
    assert Settings.from_environment({**environ, **found.environment()}) == found


def test_the_whole_url_may_come_from_a_file(tmp_path):
    (tmp_path / "url").write_text("sqlite:///a.db\n")
    found = Settings.from_environment({"ITEM2VEC_DATABASE_FILE": str(tmp_path / "url")})
    assert found.database_url == "sqlite:///a.db"


def test_a_password_without_a_user_or_without_its_file_is_refused(password, tmp_path):
    with pytest.raises(ConfigError, match="names no user"):
        Settings.from_environment({"ITEM2VEC_DATABASE": "sqlite:///a.db", "ITEM2VEC_DATABASE_PASSWORD_FILE": password})
    with pytest.raises(ConfigError, match=r"PASSWORD_FILE: .*none cannot be read"):
        Settings.from_environment(
            {"ITEM2VEC_DATABASE": "postgresql://u@h/n", "ITEM2VEC_DATABASE_PASSWORD_FILE": str(tmp_path / "none")}
        )
