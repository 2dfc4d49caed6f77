/// A count with its thousands set apart: `3,000,000`.
package func grouped(_ value: Int) -> String {
  var out = ""
  let digits = String(abs(value))
  for (i, digit) in digits.enumerated() {
    if i > 0, (digits.count - i) % 3 == 0 { out.append(",") }
    out.append(digit)
  }
  return value < 0 ? "-" + out : out
}

/// A count with its noun: `1 node`, `1,200 nodes`.
package func counted(_ value: Int, _ noun: String) -> String {
  "\(grouped(value)) \(noun)\(value == 1 ? "" : "s")"
}
