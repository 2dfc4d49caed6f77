import Glibc
package import HistoryStore
package import Inventory

/// What answers questions: a store, or a server that has one.
package protocol QuestionSource {
  /// One page of an answer.
  ///
  /// Throws ``NothingKnown`` where a name in the question was never heard of.
  func ask(_ question: Question, _ arguments: Arguments) throws -> Answer

  /// Rows that a page can have.
  var rowsMax: Int { get }
}

/// Nothing was ever heard of what the question names.
package struct NothingKnown: Error, CustomStringConvertible {
  /// One sentence.
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Answers from a store; each page from one snapshot.
package struct StoreSource: QuestionSource, Sendable {
  private let store: HistoryStore
  private let scope: Scope?

  /// - Parameter scope: nil for all of them, where a question takes that.
  package init(_ store: HistoryStore, _ scope: Scope?) {
    self.store = store
    self.scope = scope
  }

  /// The same store, asked for all scopes.
  package var ofAllScopes: StoreSource { StoreSource(store, nil) }

  /// Few pages: each gathers its list anew.
  package var rowsMax: Int { 100_000 }

  /// One page, read in one transaction; where one is to wait for rows and there are none, a second later.
  package func ask(_ question: Question, _ arguments: Arguments) throws -> Answer {
    do {
      var answer = Answer(isOfAllScopes: scope == nil)
      try store.reading(scope, arguments.moment) { reader in
        try question.read(reader, arguments, &answer)
      }
      if answer.rows.isEmpty, arguments.integer("wait") ?? 0 > 0 { sleep(1) }
      return answer
    } catch let error as StoreError where error.code == .unknownName {
      throw NothingKnown(error.message)
    }
  }
}
