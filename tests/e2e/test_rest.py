"""What a page does while nothing happens in its room: counted, by its own ticks."""

from __future__ import annotations

from lab.browsers.launch import Fleet
from lab.file_room import FileRoom
from lab.server_process import ServerProcess

# Counts timers by their delay, looks at the output, frames, and changes of the page.
COUNT = """
(() => {
  const counts = { ticks: 0, looks: 0, frames: 0, changes: 0 };
  window.counts = counts;
  const after = window.setTimeout;
  window.setTimeout = (task, delayMs, ...rest) => after((...given) => {
    if (delayMs === 100) counts.ticks += 1;
    task(...given);
  }, delayMs, ...rest);
  const nextFrame = window.requestAnimationFrame;
  window.requestAnimationFrame = (draw) => nextFrame((atMs) => { counts.frames += 1; draw(atMs); });
  const look = AudioContext.prototype.getOutputTimestamp;
  AudioContext.prototype.getOutputTimestamp = function () { counts.looks += 1; return look.call(this); };
  document.addEventListener("DOMContentLoaded", () => {
    const seen = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver((changes) => { counts.changes += changes.length; }).observe(document, seen);
  });
})();
"""
# Resolves with what happened during the next forty ticks of the player, some four seconds.
IN_FORTY_TICKS = """async () => {
  const before = { ...counts };
  while (counts.ticks < before.ticks + 40) await new Promise((resolve) => setTimeout(resolve, 50));
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count - before[name]]));
}"""
ATTEMPTS = 15
# With sound due a page looks five times a tick; at rest once, or two to three times where PulseAudio is read.
LOOKS_AT_REST = 3 * 40


def test_a_page_at_rest_paints_nothing_and_looks_seldom(server: ServerProcess) -> None:
    """[P95] Without a song nothing on the page changes, no frame is drawn, and the output is read seldom."""
    with Fleet(server.url) as fleet:
        [ada] = FileRoom(fleet, server.url).enter("ada", script=COUNT)
        ada.wait_for(lambda shot: shot["clock"]["state"] == "locked", "to know the time")
        for _ in range(ATTEMPTS):
            counts = ada.page.evaluate(IN_FORTY_TICKS)
            if 0 < counts["looks"] <= LOOKS_AT_REST and counts["frames"] == counts["changes"] == 0:
                break
        assert 0 < counts["looks"] <= LOOKS_AT_REST, counts
        assert (counts["frames"], counts["changes"]) == (0, 0), counts
