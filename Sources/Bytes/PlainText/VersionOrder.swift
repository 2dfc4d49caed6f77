/// Whether one version comes before another: numbers in them by value, the rest by bytes.
package func isOrderedAsVersions(_ a: String, _ b: String) -> Bool {
  var left = Substring(a)
  var right = Substring(b)
  while let x = left.first, let y = right.first {
    if x.isASCII, x.isNumber, y.isASCII, y.isNumber {
      let m = left.prefix { $0.isASCII && $0.isNumber }.drop { $0 == "0" }
      let n = right.prefix { $0.isASCII && $0.isNumber }.drop { $0 == "0" }
      if m.count != n.count { return m.count < n.count }
      if m != n { return m < n }
      left = left.drop { $0.isASCII && $0.isNumber }
      right = right.drop { $0.isASCII && $0.isNumber }
    } else {
      if x != y { return x < y }
      left.removeFirst()
      right.removeFirst()
    }
  }
  return left.isEmpty && !right.isEmpty
}
