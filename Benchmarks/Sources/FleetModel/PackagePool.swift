/// The packages there are, made up, in order of their names; kernels come last.
struct PackagePool {
  struct Package {
    var name: String
    var version: String
    var architecture: String
    var kind: String
    var publisher: String
    var source: String
    var summary: String
    var url: String
  }

  /// Packages that are no kernels.
  static let plainCount = 20_000

  private(set) var packages: [Package]
  /// The first kernel; it and all after it are kernels.
  let firstKernel: Int
  private let kernelsShareName: Bool

  init(_ shape: FleetShape) {
    var random = FleetRandom(seed: shape.seed, .pool)
    var names: Set<String> = []
    while names.count < Self.plainCount { names.insert(Self.name(&random)) }
    packages = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map {
      Self.package($0, &random)
    }
    firstKernel = packages.count
    kernelsShareName = shape.kernelsShareName
    let kernelCount = shape.kernelsShareName ? 1 : shape.dayCount / 7 + 4
    for number in 0..<kernelCount {
      packages.append(Self.kernel(number, sharesName: shape.kernelsShareName))
    }
  }

  /// The package and version number of the kernel that came out as the number-th.
  func kernel(_ number: Int) -> (package: Int, number: Int) {
    kernelsShareName ? (firstKernel, number) : (firstKernel + number, 0)
  }

  /// The text of a version by its number.
  func version(_ package: Int, _ number: Int) -> String {
    if package >= firstKernel, kernelsShareName { return "6.1.\(60 + 4 * number)-1" }
    let first = packages[package].version
    return number == 0 ? first : "\(first)+u\(number)"
  }

  private static let syllables = [
    "ba", "co", "di", "fu", "ge", "hi", "ju", "ka", "lo", "mi", "no", "pe", "qu", "ra", "so", "ti",
    "vu", "we", "xi", "yo", "za", "lib", "py", "perl", "go", "rust", "net",
  ]

  private static func name(_ random: inout FleetRandom) -> String {
    let prefix = ["", "lib", "python3-", "golang-"][random.below(4)]
    return prefix + words(random.within(2...5), separator: "", &random)
  }

  private static func words(
    _ count: Int, separator: String, _ random: inout FleetRandom
  ) -> String {
    (0..<count).map { _ in syllables[random.below(syllables.count)] }.joined(separator: separator)
  }

  private static func package(_ name: String, _ random: inout FleetRandom) -> Package {
    let version =
      "\(random.below(10)).\(random.below(41)).\(random.below(21))-\(random.within(1...5))"
    return Package(
      name: name, version: version, architecture: ["amd64", "all"][random.below(2)],
      kind: ["libs", "admin", "net", "utils"][random.below(4)],
      publisher: "Maintainers of \(name) <\(name)@example.org>", source: name,
      summary: "made-up package " + words(random.within(5...9), separator: " ", &random),
      url: "https://example.org/\(name)")
  }

  private static func kernel(_ number: Int, sharesName: Bool) -> Package {
    Package(
      name: sharesName ? "kernel-core" : "linux-image-6.1.0-\(20 + number)-amd64",
      version: "6.1.\(60 + 4 * number)-1", architecture: "amd64", kind: "kernel",
      publisher: "Kernel Team <kernel@example.org>", source: "linux-signed-amd64",
      summary: "Linux 6.1 for 64-bit PCs (signed)", url: "https://www.kernel.org/")
  }
}
