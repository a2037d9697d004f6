package config

// functionDoc describes one function of the expression language. A test runs the examples.
type functionDoc struct {
	call     string // "join(separator, list)"
	sentence string
	example  string // an expression; empty where the answer is outside
	result   string // what it gives, as an expression
}

// functionGroup is a section of functions.
type functionGroup struct {
	title     string
	functions []functionDoc
}

// functionDocs describe every function there is.
func functionDocs() []functionGroup {
	return []functionGroup{
		{"Looking outside", outsideDocs()},
		{"Text", textDocs()},
		{"Lists, maps and sets", collectionDocs()},
		{"Numbers", numberDocs()},
		{"Encodings and types", encodingDocs()},
	}
}

func outsideDocs() []functionDoc {
	return []functionDoc{
		{"env(name, default)", "the variable of the environment; without a default it is an error if it is not set", "", ""},
		{"file(path)", "the text of a file; a relative path is taken from the folder of the file it stands in", "", ""},
		{"abspath(path)", "the absolute path, for a relative one from the folder of the file it stands in", "", ""},
		{"secret(path)", "the text of a file that others cannot read, less one line end; it is never shown", "", ""},
		{"credential(name)", "a credential that systemd has handed over (`LoadCredential=`); it is never shown", "", ""},
		{"hostname()", "the name of the host", "", ""},
	}
}

func textDocs() []functionDoc {
	return []functionDoc{
		{"chomp(text)", "without line ends at its end", `chomp("a\n")`, `"a"`},
		{"format(pattern, values...)", "values put into a pattern, as printf does", `format("%s-%03d", "a", 7)`, `"a-007"`},
		{"formatlist(pattern, lists...)", "format, for each element", `formatlist("%s.log", ["a", "b"])`, `["a.log", "b.log"]`},
		{"indent(spaces, text)", "with spaces before each line but the first", `indent(2, "a\nb")`, `"a\n  b"`},
		{"join(separator, list)", "the elements as one text", `join(", ", ["a", "b"])`, `"a, b"`},
		{"lower(text)", "in lower case", `lower("Ab")`, `"ab"`},
		{"regex(pattern, text)", "what a regular expression matches: a text, or a list or map of its groups", `regex("[0-9]+", "a12b3")`, `"12"`},
		{"regexall(pattern, text)", "all that it matches", `regexall("[0-9]+", "a12b3")`, `["12", "3"]`},
		{"regexreplace(text, pattern, replacement)", "with what it matches replaced; `$1` is a group", `regexreplace("a12", "([0-9])", "<$1>")`, `"a<1><2>"`},
		{"replace(text, old, new)", "with one text replaced by another", `replace("a.b", ".", "-")`, `"a-b"`},
		{"split(separator, text)", "the parts as a list", `split(",", "a,b")`, `["a", "b"]`},
		{"strlen(text)", "how many characters it has", `strlen("für")`, `3`},
		{"strrev(text)", "backwards", `strrev("abc")`, `"cba"`},
		{"substr(text, offset, length)", "a part; a negative offset counts from the end", `substr("abcd", 1, 2)`, `"bc"`},
		{"title(text)", "with each word's first letter in upper case", `title("a word")`, `"A Word"`},
		{"trim(text, characters)", "without these characters at both ends", `trim("/a/", "/")`, `"a"`},
		{"trimprefix(text, prefix)", "without a text at its start", `trimprefix("v1.2", "v")`, `"1.2"`},
		{"trimspace(text)", "without white space at both ends", `trimspace(" a ")`, `"a"`},
		{"trimsuffix(text, suffix)", "without a text at its end", `trimsuffix("a.log", ".log")`, `"a"`},
		{"upper(text)", "in upper case", `upper("Ab")`, `"AB"`},
		{"basename(path)", "the last part of a path", `basename("/srv/a.log")`, `"a.log"`},
		{"dirname(path)", "a path without its last part", `dirname("/srv/a.log")`, `"/srv"`},
	}
}

func collectionDocs() []functionDoc {
	return []functionDoc{
		{"chunklist(list, size)", "cut into lists of a size", `chunklist(["a", "b", "c"], 2)`, `[["a", "b"], ["c"]]`},
		{"coalesce(values...)", "the first that is not null", `coalesce(null, "a")`, `"a"`},
		{"coalescelist(lists...)", "the first that is not empty", `coalescelist([], ["a"])`, `["a"]`},
		{"compact(list)", "without empty texts", `compact(["a", ""])`, `["a"]`},
		{"concat(lists...)", "one list of several", `concat(["a"], ["b"])`, `["a", "b"]`},
		{"contains(list, value)", "whether it is in there", `contains(["a", "b"], "a")`, `true`},
		{"distinct(list)", "each value once", `distinct(["a", "b", "a"])`, `["a", "b"]`},
		{"element(list, index)", "an element, counted from 0; past the end it starts again", `element(["a", "b"], 3)`, `"b"`},
		{"flatten(list)", "lists within it dissolved", `flatten([["a"], ["b", ["c"]]])`, `["a", "b", "c"]`},
		{"index(collection, key)", "the value at an index or key", `index(["a", "b"], 1)`, `"b"`},
		{"keys(map)", "its keys, sorted", `keys({ b = 1, a = 2 })`, `["a", "b"]`},
		{"length(collection)", "how many it has", `length(["a", "b"])`, `2`},
		{"lookup(map, key, default)", "the value of a key, or the default", `lookup({ a = "x" }, "b", "none")`, `"none"`},
		{"merge(maps...)", "one map of several; the last wins", `merge({ a = 1 }, { a = 2, b = 3 })`, `{ a = 2, b = 3 }`},
		{"range(start, limit, step)", "numbers, the limit excluded; `range(3)` is 0, 1, 2", `range(1, 4)`, `[1, 2, 3]`},
		{"reverse(list)", "backwards", `reverse(["a", "b"])`, `["b", "a"]`},
		{"setintersection(sets...)", "what is in all", `setintersection(["a", "b"], ["b", "c"])`, `["b"]`},
		{"setproduct(sets...)", "each of one with each of the others", `setproduct(["a"], ["x", "y"])`, `[["a", "x"], ["a", "y"]]`},
		{"setsubtract(set, other)", "what is only in the first", `setsubtract(["a", "b"], ["b"])`, `["a"]`},
		{"setunion(sets...)", "what is in any", `setunion(["a"], ["b"])`, `["a", "b"]`},
		{"slice(list, start, end)", "a part, the end excluded", `slice(["a", "b", "c"], 0, 2)`, `["a", "b"]`},
		{"sort(list)", "texts in order", `sort(["b", "a"])`, `["a", "b"]`},
		{"values(map)", "its values, in the order of the keys", `values({ b = 1, a = 2 })`, `[2, 1]`},
		{"zipmap(keys, values)", "a map of two lists", `zipmap(["a", "b"], [1, 2])`, `{ a = 1, b = 2 }`},
	}
}

func numberDocs() []functionDoc {
	return []functionDoc{
		{"abs(number)", "without its sign", `abs(-2)`, `2`},
		{"ceil(number)", "the next whole number up", `ceil(1.2)`, `2`},
		{"floor(number)", "the next whole number down", `floor(1.8)`, `1`},
		{"log(number, base)", "the logarithm", `log(8, 2)`, `3`},
		{"max(numbers...)", "the largest", `max(1, 3, 2)`, `3`},
		{"min(numbers...)", "the smallest", `min(1, 3, 2)`, `1`},
		{"parseint(text, base)", "a whole number of its digits", `parseint("ff", 16)`, `255`},
		{"pow(number, power)", "the power", `pow(2, 10)`, `1024`},
		{"signum(number)", "-1, 0 or 1", `signum(-5)`, `-1`},
	}
}

func encodingDocs() []functionDoc {
	return []functionDoc{
		{"base64decode(text)", "the text that was encoded", `base64decode("YQ==")`, `"a"`},
		{"base64encode(text)", "in base64", `base64encode("a")`, `"YQ=="`},
		{"csvdecode(text)", "a list of maps; the first line has the keys", `csvdecode("a,b\n1,2\n")`, `[{ a = "1", b = "2" }]`},
		{"jsondecode(text)", "the value of a JSON text", `jsondecode("{\"a\": [1]}")`, `{ a = [1] }`},
		{"jsonencode(value)", "as JSON", `jsonencode({ a = [1] })`, `"{\"a\":[1]}"`},
		{"tobool(value)", "as true or false", `tobool("true")`, `true`},
		{"tolist(value)", "as a list", `tolist(["a", 1])`, `["a", "1"]`},
		{"tomap(value)", "as a map", `tomap({ a = 1 })`, `{ a = 1 }`},
		{"tonumber(value)", "as a number", `tonumber("5")`, `5`},
		{"toset(value)", "as a set: sorted, each once", `toset(["b", "a", "b"])`, `["a", "b"]`},
		{"tostring(value)", "as a text", `tostring(5)`, `"5"`},
		{"can(expression)", "whether it can be evaluated", `can(tonumber("a"))`, `false`},
		{"try(expressions...)", "the first that can be evaluated", `try(tonumber("a"), 0)`, `0`},
	}
}
