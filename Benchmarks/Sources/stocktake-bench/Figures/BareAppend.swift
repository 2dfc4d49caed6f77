import CBareLMDB
import Foundation

/// The machine's limit: records of 32 bytes appended to a bare LMDB, with nothing done to them.
enum BareAppend {
  static let recordBytes = 32
  static let transactionCount = 10_000

  /// Appends so many records, durably, 10,000 a transaction.
  static func run(recordCount: Int) throws -> Usage {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("stocktake-append-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var environment: OpaquePointer?
    try check(mdb_env_create(&environment))
    defer { mdb_env_close(environment) }
    try check(mdb_env_set_mapsize(environment, recordCount * 200 + (64 << 20)))
    try check(mdb_env_open(environment, folder, 0, 0o600))
    var usage = Usage()
    try usage.measure {
      var next = 0
      while next < recordCount {
        let end = min(recordCount, next + transactionCount)
        try append(next..<end, environment)
        next = end
      }
    }
    return usage
  }

  private static func append(_ numbers: Range<Int>, _ environment: OpaquePointer?) throws {
    var transaction: OpaquePointer?
    var table = MDB_dbi()
    try check(mdb_txn_begin(environment, nil, 0, &transaction))
    try check(mdb_dbi_open(transaction, nil, 0, &table))
    var record = [UInt8](repeating: 0x5a, count: recordBytes)
    for number in numbers {
      var key = UInt64(number).bigEndian
      try withUnsafeMutableBytes(of: &key) { key in
        try record.withUnsafeMutableBytes { value in
          var k = MDB_val(mv_size: key.count, mv_data: key.baseAddress)
          var v = MDB_val(mv_size: value.count, mv_data: value.baseAddress)
          try check(mdb_put(transaction, table, &k, &v, UInt32(MDB_APPEND)))
        }
      }
    }
    try check(mdb_txn_commit(transaction))
  }

  private static func check(_ code: Int32) throws {
    guard code == 0 else { throw Failure("LMDB: \(String(cString: mdb_strerror(code)))") }
  }
}
