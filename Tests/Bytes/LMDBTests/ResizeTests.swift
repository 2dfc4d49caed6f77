import Foundation
import LMDB
import Synchronization
import Testing

struct ResizeTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  @Test func `a full map is grown and the transaction repeated`() throws {
    let (environment, database) = try openStore(
      directory.path("data"), mapSize: 256 << 10, mapSizeMax: 8 << 20)
    let first = (0..<100).map { (numberKey($0), [UInt8](repeating: 1, count: 100)) }
    try store(first, in: database, of: environment)
    let many = (100..<4000).map { (numberKey($0), [UInt8](repeating: 2, count: 500)) }
    var growths = 0
    while true {
      do {
        try store(many, in: database, of: environment)
        break
      } catch let error as LMDBError where error == .mapFull {
        #expect(isSame(try committedEntries(of: database, in: environment), first))
        try environment.growMap()
        growths += 1
      }
    }
    #expect(growths == 4)
    #expect(environment.information.mapSize == 4 << 20)
    #expect(isSame(try committedEntries(of: database, in: environment), first + many))
    try environment.growMap()
    #expect(throws: LMDBError.mapFull) { try environment.growMap() }
    #expect(environment.information.mapSize == 8 << 20)
  }

  @Test func `a failed transaction can only be dropped`() throws {
    let (environment, database) = try openStore(directory.path("data"), mapSize: 128 << 10)
    var transaction = try environment.beginWrite()
    let value = [UInt8](repeating: 1, count: 1 << 20)
    let key = numberKey(1)
    #expect(throws: LMDBError.mapFull) {
      try transaction.put(value.span.bytes, for: key.span.bytes, in: database)
    }
    do {
      try transaction.commit()
      Issue.record("committed")
    } catch {
      #expect(error == .badTransaction)
    }
    try store([(key, [1])], in: database, of: environment)
  }

  @Test func `growing the map waits for a reader in another thread`() throws {
    let (environment, database) = try openStore(directory.path("data"), mapSize: 1 << 20)
    try store([(numberKey(1), [1])], in: database, of: environment)
    let hasBegun = DispatchSemaphore(value: 0)
    let hasEnded = Atomic(false)
    @Sendable func read() throws {
      let reader = try environment.beginRead()
      hasBegun.signal()
      usleep(100_000)
      #expect(try value(of: numberKey(1), in: database, reader.view) == [1])
      hasEnded.store(true, ordering: .sequentiallyConsistent)
    }
    Thread.detachNewThread {
      do { try read() } catch { Issue.record(error) }
    }
    hasBegun.wait()
    try environment.growMap()
    let wasEnded = hasEnded.load(ordering: .sequentiallyConsistent)
    #expect(wasEnded)
    #expect(environment.information.mapSize == 2 << 20)
  }

  @Test func `readers and growth in many threads do not meet`() throws {
    let (environment, database) = try openStore(directory.path("data"), mapSize: 1 << 20)
    let all = (0..<1000).map { (numberKey($0), [UInt8](repeating: 3, count: 200)) }
    try store(all, in: database, of: environment)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      do {
        for round in 0..<100 {
          if thread == 0 && round % 10 == 0 {
            try environment.growMap()
          } else if thread == 1 {
            try store([all[round]], in: database, of: environment)
          } else {
            #expect(isSame(try committedEntries(of: database, in: environment), all))
            #expect(environment.information.mapSize >= 1 << 20)
          }
        }
      } catch {
        Issue.record(error)
      }
    }
  }
}
