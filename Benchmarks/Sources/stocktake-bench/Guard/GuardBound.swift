/// A ratio of two CPU times and the most it may be: 1.7 times what it was when last set.
struct GuardBound {
  var title: String
  var ours: GuardFigure
  var theirs: GuardFigure
  var ratioMax: Double

  static let all = [
    GuardBound(
      title: "load 640 reports / append 100,000 records to LMDB", ours: .load, theirs: .append,
      ratioMax: 10),
    GuardBound(
      title: "load 640 reports / store their changes in SQLite", ours: .load, theirs: .rival,
      ratioMax: 3.0),
    GuardBound(
      title: "state at a date / SQLite", ours: .state, theirs: .rivalState, ratioMax: 0.4),
    GuardBound(title: "who had it / SQLite", ours: .who, theirs: .rivalWho, ratioMax: 1.45),
  ]
}
