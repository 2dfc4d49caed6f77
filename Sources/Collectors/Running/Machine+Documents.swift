import XMLReading

extension Machine {
  /// Hands over the bytes of a file piece by piece, unpacked if it is packed by gzip, xz or Zstandard.
  ///
  /// Throws as ``bytes(of:max:)`` does, and where it is damaged or has more than `max` bytes.
  func streamUnpacked(
    _ name: String, max: Int, to take: ([UInt8]) throws(CollectorError) -> Void
  ) throws(CollectorError) {
    var unpacker = Unpacker(path: path(name), bytesMax: max)
    try stream(name, max: max) { chunk throws(CollectorError) in
      try unpacker.take(chunk, to: take)
    }
    try unpacker.finish()
  }

  /// Reads an XML document, packed or not, into a handler; throws what names the file and the line.
  func readXML(
    _ name: String, max: Int, into handler: any XMLHandler
  ) throws(CollectorError) {
    let reader = XMLReader(handler)
    func reading(_ body: () throws(XMLFault) -> Void) throws(CollectorError) {
      do throws(XMLFault) { try body() } catch {
        throw CollectorError("\(path(name)) line \(error.line): \(error.reason)")
      }
    }
    try streamUnpacked(name, max: max) { chunk throws(CollectorError) in
      try reading { () throws(XMLFault) in try reader.take(chunk) }
    }
    try reading { () throws(XMLFault) in try reader.finish() }
  }
}
