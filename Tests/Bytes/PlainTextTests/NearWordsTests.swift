import PlainText
import Testing

/// What people meant who wrote a word that is not there.
@Suite struct NearWordsTests {
  private static let verbs = [
    "collect", "ingest", "import", "node", "type", "nodes", "types", "show", "history", "diff",
    "who-had", "rollout", "rollup", "changes", "serve", "keys", "activation", "agent",
    "collect-now", "verify", "rebuild", "upgrade", "stats", "backup", "restore", "forget",
  ]

  @Test(arguments: [
    ("shwo", "show"), ("hsitory", "history"), ("whohad", "who-had"), ("who_had", "who-had"),
    ("SHOW", "show"), ("dif", "diff"), ("chnages", "changes"), ("rolup", "rollup"),
    ("verfiy", "verify"), ("hist", "history"), ("serv", "serve"),
  ])
  func `a verb with a mistake is found`(word: String, verb: String) {
    #expect(nearest(to: word, among: Self.verbs) == verb)
    #expect(didYouMean(word, among: Self.verbs) == "; did you mean \(verb)?")
  }

  @Test(arguments: [
    "", "x", "delete-everything", "qqqq", "42", String(repeating: "show", count: 50),
  ])
  func `nothing is said where nothing is near`(word: String) {
    #expect(nearest(to: word, among: Self.verbs) == nil)
    #expect(didYouMean(word, among: Self.verbs) == "")
  }

  @Test(arguments: [
    ("web-1", ["web-2", "web-10", "web-01"], "web-01"), ("web_01", ["web-02", "web-01"], "web-01"),
    ("WEB-01", ["web-02", "web-01"], "web-01"), ("wbe-01", ["db-01", "web-01"], "web-01"),
    ("AWS:Aplication", ["AWS:AWSComponent", "AWS:Application"], "AWS:Application"),
    ("CustomRackInfo", ["Custom:RackInfo"], "Custom:RackInfo"), ("jsn", ["csv", "json"], "json"),
    ("Berlin", ["Belgrade", "Berlin2"], "Berlin2"), ("größe", ["grösse", "Größe"], "Größe"),
  ])
  func `what reads alike comes before what is spelled alike`(
    word: String, words: [String], expected: String
  ) {
    #expect(nearest(to: word, among: words) == expected)
  }

  @Test func `the word itself is no suggestion, and the first of equals is taken`() {
    #expect(nearest(to: "show", among: ["show"]) == nil)
    #expect(nearest(to: "abcx", among: ["abcd", "abce"]) == "abcd")
  }

  @Test func `a suggestion cannot act on a terminal`() {
    #expect(!didYouMean("web-1", among: ["web-1\u{1b}"]).contains("\u{1b}"))
  }
}
