import Foundation
import LMDB
import Testing

/// The reader table: who is in it, and what the oldest keeps from being used again.
struct ReaderTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func `readers are listed with their snapshots, and what they keep is counted`() throws {
    let (environment, database) = try openStore(directory.path("data"))
    let value = [UInt8](repeating: 1, count: 3000)
    try store([(numberKey(1), value)], in: database, of: environment)
    #expect(try environment.readers().isEmpty)
    let old = try environment.beginRead()
    #expect(try environment.readers().map(\.snapshot) == [old.id])
    #expect(try environment.readers().map(\.processID) == [getpid()])
    // Each transaction frees the page of the value before, and those on the way to it.
    for _ in 0..<10 { try store([(numberKey(1), value)], in: database, of: environment) }
    let now = try environment.beginRead()
    #expect(try environment.readers().compactMap(\.snapshot).sorted() == [old.id, now.id])
    #expect(now.id == old.id + 10)
    let pages = try now.view.pagesFreed(since: old.id, transactionsMax: 1000)
    #expect(pages >= 20)
    #expect(try now.view.pagesFreed(since: now.id, transactionsMax: 1000) == 0)
    let some = try now.view.pagesFreed(since: old.id, transactionsMax: 5)
    #expect(some < pages && some >= 10)
  }

  @Test func `a full table of readers that live is an error, and passes`() throws {
    var options = Environment.Options()
    options.maxReaders = 4
    let environment = try Environment(path: directory.path("data"), options: options)
    func fill(_ left: Int) throws {
      guard left > 0 else {
        #expect(throws: LMDBError.readersFull) { _ = try environment.beginRead() }
        return
      }
      let reader = try environment.beginRead()
      try fill(left - 1)
      _ = reader.id
    }
    #expect(environment.information.maxReaders == 4)
    try fill(4)
    _ = try environment.beginRead()
  }
}
