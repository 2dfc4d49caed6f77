/// A ratio of two CPU times and the most it may be: 1.7 times what it was when last set.
struct GuardBound {
  var title: String
  var ours: GuardFigure
  var theirs: GuardFigure
  var ratioMax: Double

  static let all = [
    GuardBound(
      title: "load 640 reports / append 100,000 records to LMDB", ours: .load, theirs: .append,
      ratioMax: 8.5),
    GuardBound(
      title: "load 640 reports / store their changes in SQLite", ours: .load, theirs: .rival,
      ratioMax: 2.1),
    GuardBound(
      title: "state at a date / SQLite", ours: .state, theirs: .rivalState, ratioMax: 0.28),
    GuardBound(title: "who had it / SQLite", ours: .who, theirs: .rivalWho, ratioMax: 1.35),
  ]
}
