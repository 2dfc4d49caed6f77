/// The word that somebody meant who wrote one that is not there: the nearest of some, or nil where none is near.
///
/// One mistake in three letters is forgiven, three at most: a letter too many, one too few, another one, or two
/// that changed places. Neither case counts, nor zeros before a number, nor which of `-`, `_` and `.` divides
/// parts, so `web-1` is `web-01` before it is `web-2`. What begins like the word comes after what is near. Of
/// several that are equally near it is the first.
///
/// Costs the product of the lengths for each word that is about as long; longer ones than 64 bytes are passed over.
package func nearest(to word: String, among words: some Sequence<String>) -> String? {
  let wanted = plain(word)
  guard (1...64).contains(wanted.count) else { return nil }
  var found: (word: String, distance: Int)?
  for candidate in words where candidate != word && candidate.utf8.count <= 64 {
    let letters = plain(candidate)
    let allowed = min(3, max(1, max(wanted.count, letters.count) / 3))
    let distance = edits(wanted, letters, max: min(allowed, (found?.distance ?? 4) - 1))
    if let distance {
      found = (candidate, distance)
    } else if found == nil, wanted.count >= 2, letters.starts(with: wanted) {
      found = (candidate, 3)
    }
    if found?.distance == 0 { break }
  }
  return found?.word
}

/// `; did you mean show?`, or nothing where no word is near.
package func didYouMean(_ word: String, among words: some Sequence<String>) -> String {
  nearest(to: word, among: words).map { "; did you mean \($0.onOneLine)?" } ?? ""
}

/// A word without what people do not see when they read it.
private func plain(_ word: String) -> [UInt8] {
  var letters: [UInt8] = []
  for byte in word.lowercased().utf8 {
    let isDigit = (48...57).contains(byte)
    if isDigit, letters.last == 48, letters.dropLast().last.map({ !(48...57).contains($0) }) ?? true
    {
      letters.removeLast()
    }
    letters.append(
      byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") ? UInt8(ascii: "-") : byte)
  }
  return letters
}

/// The mistakes between two words, where they are `max` at most; nil for more.
private func edits(_ a: [UInt8], _ b: [UInt8], max: Int) -> Int? {
  guard max >= 0, abs(a.count - b.count) <= max else { return nil }
  var before: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
      row.append(cost)
    }
    (before, last) = (last, row)
  }
  return last[b.count] <= max ? last[b.count] : nil
}
