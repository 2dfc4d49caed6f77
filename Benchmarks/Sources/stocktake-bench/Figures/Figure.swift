import Foundation

/// One measured figure, as one JSON object.
struct Figure {
  var figure: String
  /// How much was done, counted in `unit`.
  var units: Int
  var unit: String
  var usage = Usage()
  /// Microseconds of a question, where questions were asked.
  var p50: Double?
  var p99: Double?
  /// Wrong answers, or reports that were refused.
  var wrong = 0
  /// Other numbers, by name.
  var extra: [(name: String, value: Int)] = []
  var note = ""

  var json: String {
    func number(_ value: Double?) -> String { value.map { decimal($0, 3) } ?? "null" }
    var fields = [
      #""store":"stocktake""#, #""figure":"\#(figure)""#, #""units":\#(units)"#,
      #""unit":"\#(unit)""#, #""cpu_seconds":\#(decimal(usage.cpu, 6))"#,
      #""wall_seconds":\#(decimal(usage.wall, 6))"#, #""p50_us":\#(number(p50))"#,
      #""p99_us":\#(number(p99))"#, #""wrong":\#(wrong)"#,
    ]
    fields += extra.map { #""\#($0.name)":\#($0.value)"# }
    fields.append(#""note":"\#(note)""#)
    return "{" + fields.joined(separator: ",") + "}"
  }
}

/// Where figures go, one line each, as soon as they are known.
final class FigureList {
  let wanted: Set<String>
  private(set) var wrongCount = 0

  init(wanted: Set<String>) { self.wanted = wanted }

  func wants(_ names: String...) -> Bool { !wanted.isDisjoint(with: names) }

  func add(_ figure: Figure) {
    wrongCount += figure.wrong
    guard wants(figure.figure) else { return }
    print(figure.json)
    // At once, for whoever reads along.
    fflush(nil)
  }
}
