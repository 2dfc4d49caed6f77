import Glibc

/// Reports as bodies of PutInventory requests.
extension FleetModel {
  private static let tail = Array("]}]}".utf8)

  /// A report's body as JSON, without a newline.
  public func body(of report: FleetReport) -> [UInt8] {
    let head = head(of: report)
    let tail = interfaces(of: report).map { Array("]}\($0)]}".utf8) } ?? Self.tail
    let count = byteCount(of: report.items) + head.count + tail.count
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      guard let base = buffer.baseAddress else { return }
      write(head, report.items, tail, to: UnsafeMutableRawPointer(base))
      written = count
    }
  }

  private func head(of report: FleetReport) -> [UInt8] {
    Array(
      (#"{"InstanceId":"\#(name(of: report.node))","Items":[{"TypeName":"AWS:Application","#
        + #""SchemaVersion":"1.1","CaptureTime":"\#(times.text(report.time))","Content":["#).utf8)
  }

  /// The items' bytes; the first lacks the comma that the others begin with.
  private func byteCount(of items: [FleetItem]) -> Int {
    var count = 0
    for item in items { count += Int(catalogue.entries[Int(item.version)].textLength) }
    return max(0, count - 1)
  }

  private func write(
    _ head: [UInt8], _ items: [FleetItem], _ tail: [UInt8], to start: UnsafeMutableRawPointer
  ) {
    var target = start
    copy(head, to: target)
    target += head.count
    catalogue.text.withUnsafeBytes { text in
      guard let source = text.baseAddress else { return }
      var skipped = 1
      for item in items {
        let entry = catalogue.entries[Int(item.version)]
        let count = Int(entry.textLength) - skipped
        memcpy(target, source + entry.textStart + skipped, count)
        times.write(Int64(item.installed), to: target + Int(entry.timeOffset) - skipped)
        target += count
        skipped = 0
      }
    }
    copy(tail, to: target)
  }

  private func copy(_ bytes: [UInt8], to target: UnsafeMutableRawPointer) {
    bytes.withUnsafeBytes { source in
      if let base = source.baseAddress { target.copyMemory(from: base, byteCount: source.count) }
    }
  }

  /// The entry of a node that runs containers: some interfaces stay, others are new each time.
  private func interfaces(of report: FleetReport) -> String? {
    guard traits[report.node].hasContainers else { return nil }
    var random = FleetRandom(seed: shape.seed, .interfaces, report.node, report.day)
    var list = ["eth0", "docker0"]
    for _ in 0..<random.within(2...12) { list.append("veth" + hex(random.below(1 << 28))) }
    let content = list.map { name in
      let fixed = Int(FleetRandom.mixed(UInt64(report.node)) >> 40)
      let number = name.hasPrefix("veth") ? random.below(1 << 24) : fixed
      return #"{"Name":"\#(name)","MacAddress":"02:42:\#(hex(number))","#
        + #""IPV4":"","IPV6":"fe80::\#(hex(number))"}"#
    }
    return #",{"TypeName":"AWS:Network","SchemaVersion":"1.0","CaptureTime":""#
      + times.text(report.time) + #"","Content":["# + content.joined(separator: ",") + "]}"
  }

  private func hex(_ number: Int) -> String { String(number, radix: 16) }
}
