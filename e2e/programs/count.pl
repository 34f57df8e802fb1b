#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Counts, with a hash table that every line adds to: count.pl OUTFILE [COUNT]
use strict;
use warnings;

my ($path, $count) = @ARGV;
$count //= 0;
my $stop = 0;
$SIG{TERM} = sub { $stop = 1 };
open(my $out, '>', $path) or die "$path: $!\n";
select($out);
$| = 1;

my ($line, $x, $sum, %seen) = (0, 1, 0);
while (!$stop && (!$count || $line < $count)) {
	$x = ($x * 1103515245 + 12345) % 2147483648 for 1 .. 10000;
	$line++;
	$seen{"line $line"} = $x;
	$sum = ($sum + $x) % 1000000007;
	print "$line $x\n";
}
my $again = 0;
$again = ($again + $seen{"line $_"}) % 1000000007 for 1 .. $line;
print $again == $sum && keys(%seen) == $line ? "PASS\n" : "FAIL the table changed\n";
exit($again == $sum ? 0 : 1);
