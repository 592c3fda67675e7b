# SPDX-License-Identifier: GPL-2.0
# gnuplot -e "out='FILE.svg'; data='FILE'" paths.gnuplot: instructions by number of paths
set terminal svg size 900,600 background "white" font "sans,12"
set output out
set logscale x 2
set xtics (1, 2, 8, 32)
set xlabel "paths"
set ylabel "kernel instructions per I/O"
set yrange [0:*]
set key outside right
set grid
set key autotitle columnhead
stats data using 1 nooutput
plot for [i = 0:STATS_blocks - 1] data index i using 1:2 with linespoints
