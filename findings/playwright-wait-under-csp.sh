#!/bin/sh
# Playwright for Python 1.58.0, page.wait_for_function on a page whose Content-Security-Policy has no 'unsafe-eval', as any careful page.
#  - An expression ("window.ready === true") is evaluated anew at each look. The first look is the driver's and allowed; the second is the
#    page's own and ends the wait with an EvalError. So the call passes where it need not wait, and fails where it must: a test
#    that stands for months fails on a busy machine.
#  - The same as a function ("() => window.ready === true") is compiled at the first look and waits as it should.
# Needs Debian's chromium. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.58.0
chromium --version
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from importlib.metadata import version

from playwright.sync_api import Page, Route, sync_playwright

PAGE = "<!doctype html><title>A page</title><script src=later.js></script>"
LATER = "addEventListener('message', () => setTimeout(() => { window.ready = true; }, 300));"
POLICY = "default-src 'self'; script-src 'self'"


def answer(route: Route) -> None:
    is_script = route.request.url.endswith("later.js")
    kind = "text/javascript" if is_script else "text/html"
    headers = {"Content-Security-Policy": POLICY, "Content-Type": kind}
    route.fulfill(body=LATER if is_script else PAGE, headers=headers)


def outcome(page: Page, condition: str) -> str:
    try:
        page.wait_for_function(condition, timeout=5_000)
    except Exception as error:
        return "EvalError" if "EvalError" in str(error) else type(error).__name__
    return "waited"


print("Playwright", version("playwright"))
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    page = browser.new_page()
    page.route("**/*", answer)
    for condition in ("window.ready === true", "() => window.ready === true"):
        page.goto("http://page.test/")
        page.evaluate("postMessage('begin')")
        first = outcome(page, condition)
        page.wait_for_function("() => window.ready === true")
        print(f"{condition}: {first}; once it is true: {outcome(page, condition)}")
    browser.close()
PYTHON
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
Playwright 1.58.0
window.ready === true: EvalError; once it is true: waited
() => window.ready === true: waited; once it is true: waited
EXPECTED
cmp "$folder/seen" "$folder/expected"
