import Glibc

/// Writes every true change as CSV: host, time, name, old, new.
///
/// In the order of capture times; all items of a first inventory are new.
public final class FleetEventsFile: FleetObserver {
  private let file: OutputFile
  private var failure: OutputError?

  /// Makes or empties the file.
  public init(_ path: String) throws(OutputError) {
    file = try OutputFile(path)
    try file.writeLine("host,time,name,old,new\r")
  }

  /// Writes the changes of one node.
  public func take(_ step: FleetStep, of model: borrowing FleetModel) {
    let catalogue = model.catalogue
    let head = "\(model.name(of: step.report.node)),\(model.times.text(step.report.time)),"
    for change in step.changes {
      guard let version = change.new ?? change.old else { continue }
      let old = change.old.map(catalogue.text) ?? ""
      let new = change.new.map(catalogue.text) ?? ""
      note { () throws(OutputError) in
        try file.writeLine("\(head)\(catalogue.name(version)),\(old),\(new)\r")
      }
    }
  }

  /// Nothing is due at the end of a day.
  public func endDay(_ day: Int, of model: borrowing FleetModel) {}

  /// Ends the file; throws what failed first.
  public func finish() throws(OutputError) {
    if let failure { throw failure }
    try file.flush()
  }

  private func note(_ body: () throws(OutputError) -> Void) {
    guard failure == nil else { return }
    do throws(OutputError) { try body() } catch { failure = error }
  }
}

/// Writes rows for databases that take tables: `day-NNN.tsv` with node number, version number and
/// time of installation; `pv.tsv` with the versions; `hosts.tsv` with number, name and the second
/// of the day.
public final class FleetRowsFolder: FleetObserver {
  private let path: String
  private var file: OutputFile?
  private var failure: OutputError?

  /// Makes the folder where it is missing.
  public init(_ path: String) throws(OutputError) {
    self.path = path
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw OutputError(path, errno) }
  }

  /// Writes the rows of one node.
  public func take(_ step: FleetStep, of model: borrowing FleetModel) {
    guard failure == nil else { return }
    do throws(OutputError) {
      if file == nil {
        let digits = String(step.report.day)
        let padding = String(repeating: "0", count: max(0, 3 - digits.count))
        file = try OutputFile("\(path)/day-\(padding)\(digits).tsv")
      }
      try file?.write(rows(step.report))
    } catch { failure = error }
  }

  private func rows(_ report: FleetReport) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(report.items.count * 28)
    for item in report.items {
      append(report.node, 9, to: &bytes)
      append(Int(item.version), 9, to: &bytes)
      append(Int(item.installed), 10, to: &bytes)
    }
    return bytes
  }

  private func append(_ number: Int, _ end: UInt8, to bytes: inout [UInt8]) {
    let start = bytes.count
    var rest = number
    repeat {
      bytes.append(UInt8(48 + rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
    bytes.append(end)
  }

  /// Ends the day's file.
  public func endDay(_ day: Int, of model: borrowing FleetModel) {
    guard failure == nil else { return }
    do throws(OutputError) { try file?.flush() } catch { failure = error }
    file = nil
  }

  /// Writes the tables that need the whole fleet; throws what failed first.
  public func finish(_ model: borrowing FleetModel) throws(OutputError) {
    if let failure { throw failure }
    let versions = try OutputFile(path + "/pv.tsv")
    for version in 0..<UInt32(model.catalogue.count) {
      let fields = model.catalogue.fields(version).joined(separator: "\t")
      try versions.writeLine("\(version)\t\(fields)")
    }
    try versions.flush()
    let hosts = try OutputFile(path + "/hosts.tsv")
    for node in 0..<model.shape.nodeCount {
      try hosts.writeLine("\(node)\t\(model.name(of: node))\t\(model.second(of: node))")
    }
    try hosts.flush()
  }
}
