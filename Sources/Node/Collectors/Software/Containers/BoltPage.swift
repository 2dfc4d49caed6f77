/// A page of a database of bbolt: other pages by their first keys, or keys and values.
struct BoltPage {
  static let headBytes = 16
  private static let elementBytes = 16

  enum Kind: UInt16 {
    case branch = 1
    case leaf = 2
  }

  let kind: Kind
  private let bytes: ArraySlice<UInt8>
  private let count: Int
  private let number: UInt64
  private let path: String

  /// Takes a page with those that belong to it; throws where it is none, or another one.
  init(_ bytes: ArraySlice<UInt8>, number: UInt64, _ path: String) throws(CollectorError) {
    guard bytes.little(UInt64.self, at: 0) == number,
      let flags = bytes.little(UInt16.self, at: 8), let kind = Kind(rawValue: flags),
      let count = bytes.little(UInt16.self, at: 10),
      Self.headBytes + Int(count) * Self.elementBytes <= bytes.count
    else { throw CollectorError("\(path): page \(number) is damaged") }
    self.kind = kind
    self.bytes = bytes
    self.count = Int(count)
    self.number = number
    self.path = path
  }

  /// The pages below a branch.
  func branches() throws(CollectorError) -> [UInt64] {
    var numbers: [UInt64] = []
    for index in 0..<count {
      numbers.append(try word(UInt64.self, at: start(of: index) + 8))
    }
    return numbers
  }

  /// The keys of a leaf and what they stand for.
  func leafElements() throws(CollectorError) -> [(key: String, value: BoltFile.Value)] {
    var elements: [(key: String, value: BoltFile.Value)] = []
    for index in 0..<count {
      let start = start(of: index)
      let flags = try word(UInt32.self, at: start)
      // Where the key begins is counted from the element.
      let keyStart = start + Int(try word(UInt32.self, at: start + 4))
      let keyEnd = keyStart + Int(try word(UInt32.self, at: start + 8))
      let valueEnd = keyEnd + Int(try word(UInt32.self, at: start + 12))
      guard valueEnd <= bytes.count else { throw damage }
      let value = slice(keyEnd..<valueEnd)
      elements.append(
        (
          String(decoding: slice(keyStart..<keyEnd), as: UTF8.self),
          flags & 1 == 0 ? .bytes(value) : .bucket(try bucket(value))
        ))
    }
    return elements
  }

  /// A bucket is the number of its first page and a number that counts up; zero is a page that follows.
  private func bucket(_ value: ArraySlice<UInt8>) throws(CollectorError) -> BoltFile.Bucket {
    guard let root = value.little(UInt64.self, at: 0), value.count >= 16 else { throw damage }
    return root == 0 ? .inline(value.dropFirst(16)) : .page(root)
  }

  private func start(of index: Int) -> Int { Self.headBytes + index * Self.elementBytes }

  private func word<Word: FixedWidthInteger>(
    _ type: Word.Type, at offset: Int
  ) throws(CollectorError) -> Word {
    guard let word = bytes.little(type, at: offset) else { throw damage }
    return word
  }

  private func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
    bytes.dropFirst(range.lowerBound).prefix(range.count)
  }

  private var damage: CollectorError { CollectorError("\(path): page \(number) is damaged") }
}

extension ArraySlice<UInt8> {
  /// A number that begins at an offset, its lowest byte first; nil where the bytes end before.
  func little<Word: FixedWidthInteger>(_ type: Word.Type, at offset: Int) -> Word? {
    let width = Word.bitWidth / 8
    guard offset >= 0, offset + width <= count else { return nil }
    return (0..<width).reversed().reduce(0) { $0 << 8 | Word(self[startIndex + offset + $1]) }
  }
}
