// What the page itself knows that no session does, and that decides which cause of a trouble is named: the browser's word on the
// network, its permission for devices nearby, and whether somebody else made the key. Pure.

export interface PageConditions {
  /** `navigator.onLine`. */
  readonly isNetworkUp: boolean;
  /** The browser has not been allowed to connect to other phones on this network, and this page needs it. */
  readonly isNearbyBarred: boolean;
  /** The browser has not been allowed to connect to the server, which is on this network or device. */
  readonly isServerBarred: boolean;
  /** The key was typed or came by a link, so that it may be mistaken. */
  readonly isKeyGiven: boolean;
}

export const NO_TROUBLE: PageConditions = {
  isNetworkUp: true,
  isNearbyBarred: false,
  isServerBarred: false,
  isKeyGiven: false,
};
