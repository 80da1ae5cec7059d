// What people see, made of a session's facts and the page's own state. Pure.

export type { AppliedCalibrationView, CalibratedDeviceView, CalibrationView } from "./calibration-view.ts";
export { EMPTY_VIEW } from "./empty-view.ts";
export { FigureHistory, readFigures } from "./figure-history.ts";
export { noticeOf } from "./notice.ts";
export type { PageConditions } from "./page-conditions.ts";
export { makeSnapshot, type Phase, type Snapshot } from "./snapshot.ts";
export type {
  Actions,
  Banner,
  DetailsView,
  DistanceFacts,
  FigurePoint,
  FileView,
  Held,
  Help,
  Notice,
  NotReadyReason,
  PersonView,
  PieceMapView,
  PlayerControlsView,
  ProgrammeControlsView,
  QueueEntryView,
  QueueView,
  Repeat,
  Role,
  RoleView,
  Shortage,
  Status,
  SyncWord,
  TooLong,
  Trim,
  View,
} from "./view.ts";
export { viewHelp } from "./view-help.ts";
export { viewPieces, viewSession } from "./view-model.ts";
export { HELP_AFTER_MS, helpWithKey, WaitWatch } from "./wait-watch.ts";
