package import Compression
import XML

extension Machine {
  /// Hands over the bytes of a file piece by piece, unpacked if it is packed by gzip, xz, Zstandard or
  /// bzip2.
  ///
  /// Throws as ``bytes(of:max:)`` does, and where it is damaged or has more than `max` bytes.
  func streamUnpacked(
    _ name: String, max: Int, to take: ([UInt8]) throws(CollectorError) -> Void
  ) throws(CollectorError) {
    let file = try open(name)
    var reader = UnpackingReader(bytesMax: max)
    while true {
      let bytes: [UInt8]
      do throws(UnpackingFailure<CollectorError>) {
        bytes = try reader.next { () throws(CollectorError) in try file.next() }
      } catch {
        throw CollectorError(path: path(name), error)
      }
      if bytes.isEmpty { return }
      try take(bytes)
    }
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

extension CollectorError {
  /// What came of unpacking a file; what its source threw names it already.
  package init(path: String, _ failure: UnpackingFailure<CollectorError>) {
    switch failure {
    case .source(let error): self = error
    case .fault(let fault): self.init("\(path) \(fault)")
    }
  }
}
