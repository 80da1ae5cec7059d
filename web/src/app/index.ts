// The application: wires the modules, keeps the view, answers snapshot().

export { App } from "./app.ts";
export type {
  Actions,
  Banner,
  DetailsView,
  FileView,
  Notice,
  PersonView,
  PieceMapView,
  PlayerControlsView,
  Status,
  SyncWord,
  View,
} from "./view.ts";
