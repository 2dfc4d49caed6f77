@main struct Stocktake { static func main() {} }
