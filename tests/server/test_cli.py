"""Options, environment, and the sentences people get when something is wrong."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from unisono import __version__
from unisono.banner import Links, SharedLink, banner, links
from unisono.cli import OPTIONS, main, make_parser, read_config
from unisono.config import Config, Tls
from unisono.errors import StartError
from unisono.lan import LanAddress


def config(*arguments: str, **environment: str) -> Config:
    return read_config(vars(make_parser().parse_args(["serve", *arguments])), environment)


def test_without_options_the_server_listens_everywhere_on_port_8000() -> None:
    assert (config().host, config().port) == (None, 8000)


def test_every_option_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("north\n", encoding="utf-8")
    read = config(
        "--host=127.0.0.1",
        "--port=9000",
        "--tls-cert=cert.pem",
        "--tls-key=key.pem",
        "--turn=turn:a.example:3478,turns:b.example",
        f"--turn-secret-file={secret}",
        "--trusted-proxy=10.0.0.0/8",
        "--trusted-proxy=::1",
        "--page-origin=https://music.example/",
        "--metrics=[::1]:9100",
        "--public-url=https://party.example",
        "--connections-per-address=7",
        "--joins-per-address=8",
        "--workers=4",
    )
    assert (read.host, read.port) == ("127.0.0.1", 9000)
    assert read.tls == Tls(certificate=Path("cert.pem"), private_key=Path("key.pem"))
    assert read.ice.turn_urls == ("turn:a.example:3478", "turns:b.example")
    assert read.ice.turn_secret == b"north"
    assert read.page_origins == ("https://music.example",)
    assert read.trusted_proxies == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))
    assert read.metrics_bind == ("::1", 9100)
    assert read.public_url == "https://party.example"
    assert read.workers == 4
    assert (read.limits.connections_per_address, read.limits.joins_per_address_per_min) == (7, 8)


def test_every_option_has_an_environment_variable(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("north", encoding="utf-8")
    values = {
        "host": "127.0.0.1",
        "port": "9000",
        "tls-cert": "cert.pem",
        "tls-key": "key.pem",
        "turn": "turn:a.example",
        "stun-port": "3479",
        "turn-secret-file": str(secret),
        "trusted-proxy": "10.0.0.0/8",
        "page-origin": "https://music.example",
        "metrics": "127.0.0.1:9100",
        "public-url": "https://party.example",
        "log-format": "json",
        "connections-per-address": "7",
        "joins-per-address": "8",
        "workers": "4",
    }
    assert set(values) == {name for name, _, _ in OPTIONS}
    environment = {f"UNISONO_{name.replace('-', '_').upper()}": value for name, value in values.items()}
    assert config(**environment) == config(*(f"--{name}={value}" for name, value in values.items()))


def test_an_option_wins_over_its_environment_variable() -> None:
    assert config("--port=9001", UNISONO_PORT="9000").port == 9001


def test_an_empty_environment_variable_counts_as_none() -> None:
    assert config(UNISONO_PORT="", UNISONO_TLS_CERT="").port == 8000


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--port=many"], "bad-option", "--port must be a number from 0 to 65535, not 'many'."),
        (["--port=70000"], "bad-option", "--port must be a number from 0 to 65535"),
        (["--workers=0"], "bad-option", "--workers must be a number from 1 to 64, not '0'."),
        (["--port=-1"], "bad-option", "--port must be"),
        (["--tls-cert=cert.pem"], "tls-incomplete", "--tls-cert needs --tls-key as well."),
        (["--tls-key=key.pem"], "tls-incomplete", "--tls-key needs --tls-cert as well."),
        (["--turn=turn:a.example"], "turn-incomplete", "--turn needs --turn-secret-file as well."),
        (["--turn-secret-file=x"], "turn-incomplete", "--turn-secret-file needs --turn as well."),
        (["--turn=https://a.example", "--turn-secret-file=x"], "bad-option", "--turn must be a URL"),
        (["--turn=turn:a", "--turn-secret-file=/nowhere/x"], "secret-unreadable", "cannot be read"),
        (["--turn=turn:a", "--turn-secret-file=/dev/null"], "secret-unreadable", "is empty"),
        (["--page-origin=https://music.example/page"], "bad-option", "--page-origin must be origins"),
        (["--trusted-proxy=10.0.0.0/64"], "bad-option", "--trusted-proxy must be networks"),
        (["--metrics=9100"], "bad-option", "--metrics must be an address"),
        (["--public-url=party.example"], "bad-option", "--public-url must be a URL"),
        (["--joins-per-address=0"], "bad-option", "--joins-per-address must be a number of at least 1"),
        (["--colour=red"], "bad-option", "Unrecognized arguments: --colour=red"),
        (["--por=8000"], "bad-option", "Unrecognized arguments: --por=8000"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(arguments: list[str], code: str, words: str) -> None:
    with pytest.raises(StartError) as failure:
        config(*arguments)
    assert failure.value.code == code
    assert words in failure.value.sentence
    assert "\n" not in failure.value.sentence


def test_a_bad_environment_variable_is_named_as_such() -> None:
    with pytest.raises(StartError, match=r"^UNISONO_PORT must be a number"):
        config(UNISONO_PORT="many")


@pytest.mark.parametrize("arguments", [[], ["dance"], ["serve", "--colour=red"], ["serve", "--port"]])
def test_a_wrong_command_line_ends_with_code_2_and_no_traceback(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("unisono: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["--version"]])
def test_help_and_version_are_no_failure(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)
    assert ending.value.code == 0
    out = capsys.readouterr().out
    assert __version__ in out or "usage: unisono" in out


# --- the banner ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Config(host="127.0.0.1"), ("http://127.0.0.1:8000/", None)),
        (Config(host="localhost"), ("http://localhost:8000/", None)),
        (Config(host="::1"), ("http://[::1]:8000/", None)),
        (Config(host="192.0.2.7"), ("http://192.0.2.7:8000/", "http://192.0.2.7:8000/")),
        (
            Config(host="127.0.0.1", public_url="https://party.example/"),
            ("http://127.0.0.1:8000/", "https://party.example/"),
        ),
        (
            Config(host="192.0.2.7", tls=Tls(certificate=Path("c"), private_key=Path("k"))),
            ("https://192.0.2.7:8000/", "https://192.0.2.7:8000/"),
        ),
    ],
)
def test_the_links_lead_to_this_server(settings: Config, expected: tuple[str, str | None]) -> None:
    local, shared = expected
    assert links(settings, 8000) == Links(local, (SharedLink(shared),) if shared else ())


def test_a_default_port_is_not_part_of_a_link() -> None:
    assert links(Config(host="192.0.2.7"), 80).local == "http://192.0.2.7/"


WLAN = LanAddress("192.0.2.7", "wlan0", "network")
VPN = LanAddress("10.8.0.2", "tun0", "tunnel")


@pytest.mark.parametrize("host", [None, "0.0.0.0", "::"])
def test_a_server_on_every_interface_names_all_its_addresses(
    monkeypatch: pytest.MonkeyPatch, host: str | None
) -> None:
    monkeypatch.setattr("unisono.banner.lan_addresses", lambda: [WLAN, VPN])
    monkeypatch.setattr("unisono.banner.local_name", lambda _: "pi.local")
    found = links(Config(host=host), 8000)
    assert found.local == "http://localhost:8000/"
    assert [each.url for each in found.shared] == [
        "http://192.0.2.7:8000/",
        "http://pi.local:8000/",
        "http://10.8.0.2:8000/",
    ]
    text = banner(Config(host=host), 8000, Terminal("ascii", is_tty=False))  # type: ignore[arg-type]
    first, second = (line for line in text.splitlines() if "192.0.2.7" in line or "10.8.0.2" in line)
    assert first.split() == ["For", "other", "devices:", "http://192.0.2.7:8000/", "(wlan0)"]
    assert "a tunnel" in second


def test_a_public_url_is_the_only_link_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unisono.banner.lan_addresses", lambda: [WLAN])
    found = links(Config(public_url="https://party.example/"), 8000)
    assert found.shared == (SharedLink("https://party.example/"),)


class Terminal:
    def __init__(self, encoding: str, *, is_tty: bool) -> None:
        self.encoding = encoding
        self._is_tty = is_tty

    def isatty(self) -> bool:
        return self._is_tty


def test_the_banner_holds_the_links_and_the_qr_code_of_the_shared_one() -> None:
    text = banner(Config(host="192.0.2.7"), 8000, Terminal("utf-8", is_tty=True))  # type: ignore[arg-type]
    assert "http://192.0.2.7:8000/" in text
    assert "█" in text
    assert "\x1b[" in text


def test_into_a_file_the_qr_code_has_no_colours() -> None:
    text = banner(Config(host="192.0.2.7"), 8000, Terminal("utf-8", is_tty=False))  # type: ignore[arg-type]
    assert "█" in text
    assert "\x1b" not in text


def test_a_terminal_that_cannot_show_the_qr_code_gets_the_links() -> None:
    text = banner(Config(host="192.0.2.7"), 8000, Terminal("ascii", is_tty=True))  # type: ignore[arg-type]
    text.encode("ascii")
    assert "http://192.0.2.7:8000/" in text


def test_without_a_network_the_banner_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unisono.banner.lan_addresses", list)
    assert "no network" in banner(Config(), 8000, Terminal("utf-8", is_tty=True))  # type: ignore[arg-type]
