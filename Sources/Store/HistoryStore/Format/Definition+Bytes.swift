import PackedBytes

// Between an item's canonical bytes, where names stand beside values, and its definition in the
// log, where a shape number stands for all the names.

extension Definition {
  /// The canonical bytes, made of the shape's names and the values.
  ///
  /// - Parameters:
  ///   - names: the shape's names in canonical order.
  ///   - baseValues: the base's values, for a difference.
  func canonicalBytes(
    names: [[UInt8]], baseValues: [[UInt8]]
  ) throws(PackedBytesError) -> [UInt8] {
    var writer = ByteWriter(capacity: 256)
    var next = 0
    guard kind == .difference ? baseValues.count == names.count : values.count == names.count
    else {
      throw PackedBytesError(offset: 0, expected: "as many values as the shape has names")
    }
    for index in names.indices {
      writer.append(lengthPrefixed: names[index])
      if kind == .difference && (index >= 64 || present & (1 << UInt64(index)) == 0) {
        writer.append(lengthPrefixed: baseValues[index])
      } else {
        guard next < values.count else {
          throw PackedBytesError(offset: 0, expected: "a value for each name")
        }
        writer.append(lengthPrefixed: values[next])
        next += 1
      }
    }
    return writer.bytes
  }

  /// A definition with only the values that differ from a base of the same shape.
  static func difference(
    of values: [[UInt8]], shape: UInt32, from base: ContentID, baseValues: [[UInt8]]
  ) -> Definition {
    var present: UInt64 = 0
    var different: [[UInt8]] = []
    for index in values.indices where values[index] != baseValues[index] {
      present |= 1 << UInt64(index)
      different.append(values[index])
    }
    return Definition(
      kind: .difference, shape: shape, base: base, present: present, values: different)
  }
}

/// The attribute names of canonical bytes, in their order, without reading the values.
func canonicalNames(_ bytes: RawSpan) throws(PackedBytesError) -> [[UInt8]] {
  var reader = ByteReader(bytes)
  var names: [[UInt8]] = []
  while !reader.isAtEnd {
    names.append(try reader.lengthPrefixedBytes())
    _ = try reader.lengthPrefixedSpan()
  }
  return names
}

/// Whether two items have the same attribute names.
func haveSameNames(_ a: RawSpan, _ b: RawSpan) throws(PackedBytesError) -> Bool {
  var left = ByteReader(a)
  var right = ByteReader(b)
  while !left.isAtEnd && !right.isAtEnd {
    guard try left.lengthPrefixedSpan().isEqual(to: right.lengthPrefixedSpan()) else {
      return false
    }
    _ = try left.lengthPrefixedSpan()
    _ = try right.lengthPrefixedSpan()
  }
  return left.isAtEnd && right.isAtEnd
}

/// Names and values of canonical bytes, one after another.
func splitCanonical(
  _ bytes: RawSpan
) throws(PackedBytesError) -> (names: [[UInt8]], values: [[UInt8]]) {
  var reader = ByteReader(bytes)
  var names: [[UInt8]] = []
  var values: [[UInt8]] = []
  while !reader.isAtEnd {
    names.append(try reader.lengthPrefixedBytes())
    values.append(try reader.lengthPrefixedBytes())
  }
  return (names, values)
}
