import { describe, expect, it } from "vitest";
import { LocalNetwork, zoneOf } from "./local-network.ts";

/** A browser that knows these permissions; `set` is what the person does in its prompt. */
function browser(
  states: Record<string, PermissionState>,
  hostname = "music.example",
  isSecureContext = true,
) {
  const statuses = new Map<string, EventTarget & { state: PermissionState }>();
  const query = async ({ name }: { name: string }) => {
    const state = states[name];
    if (!state) throw new TypeError(`${name} is not a valid enum value of type PermissionName`);
    const status = statuses.get(name) ?? Object.assign(new EventTarget(), { state });
    statuses.set(name, status);
    return status;
  };
  const set = (name: string, state: PermissionState) => {
    const status = statuses.get(name);
    if (!status) throw new Error(`nobody asked for ${name}`);
    status.state = state;
    status.dispatchEvent(new Event("change"));
  };
  const page = { isSecureContext, location: { hostname }, navigator: { permissions: { query } } };
  return { page: page as unknown as Window, set };
}

describe("the permission for the local network", () => {
  it.each([
    ["internet", "music.example 5.6.7.8 2001:db8::1 172.32.0.1 100.128.0.1 11.0.0.1"],
    [
      "local",
      "192.168.7.2 10.1.2.3 172.16.0.1 172.31.9.9 169.254.1.1 100.64.3.2 [fd00::5] [fe80::1] pi.local pi box.lan",
    ],
    ["loopback", "localhost 127.0.0.1 127.1.2.3 [::1] music.localhost"],
  ])("[G13] tells hosts on the %s", (zone, hosts) => {
    for (const host of hosts.split(" ")) expect(zoneOf(host), host).toBe(zone);
  });

  it("[G13] bars what the person has not allowed yet, until they do", async () => {
    const { page, set } = browser({ "local-network": "prompt", "loopback-network": "granted" });
    let changes = 0;
    const network = new LocalNetwork(page, () => changes++);
    expect(network.isNearbyBarred).toBe(false);
    await settled();
    expect([network.isNearbyBarred, network.isBarred("wss://192.168.7.2:8443")]).toEqual([true, true]);
    expect([network.isBarred("wss://music.example"), network.isBarred("ws://localhost:8000")]).toEqual([
      false,
      false,
    ]);
    set("local-network", "denied");
    expect(network.isNearbyBarred).toBe(true);
    set("local-network", "granted");
    expect(network.isNearbyBarred).toBe(false);
    expect(changes).toBe(4);
  });

  it("[G13] knows the older name", async () => {
    const network = new LocalNetwork(browser({ "local-network-access": "denied" }).page, () => {});
    await settled();
    expect(network.isNearbyBarred).toBe(true);
  });

  it.each([
    ["a browser that does not know it", browser({}).page],
    ["a browser without permissions", { ...browser({}).page, navigator: {} } as Window],
    [
      "plain http, where every answer is no",
      browser({ "local-network": "denied" }, "music.example", false).page,
    ],
    ["a page that is local itself", browser({ "local-network": "prompt" }, "192.168.7.2").page],
    ["a page on this device", browser({ "local-network": "prompt" }, "localhost").page],
  ])("[G13] bars nothing in %s", async (_, page) => {
    const network = new LocalNetwork(page, () => {});
    await settled();
    expect(network.isNearbyBarred).toBe(false);
  });
});

/** All that was asked has been answered. */
const settled = () => new Promise((resolve) => setTimeout(resolve));
