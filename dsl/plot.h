/* plot.h - a plot as a script described it, and how it becomes files.
 *
 * stdlib/plot.lua makes descriptions and their data; the gnuplot script is made here, in C, and from quoted text and
 * numbers alone: gnuplot can run commands, and no words of an experiment may reach it as anything but a label.
 */
#ifndef MLRT__PLOT_H
#define MLRT__PLOT_H

#include <mlrt/base.h>
#include <stdio.h>

typedef enum mlrt__plot_kind {
    MLRT__CURVES,
    MLRT__SCATTER,
    MLRT__HEATMAP,
    MLRT__HISTOGRAM,
    MLRT__PLOT_KINDS
} mlrt__plot_kind;

/* Names of the columns that the data may have after the first, the name of the series. */
#define MLRT__COLUMNS(C) C(x) C(y) C(low) C(high) C(color) C(label) C(count) C(x_low) C(x_high) C(y_low) C(y_high)

typedef enum mlrt__column {
#define C(name) MLRT__COLUMN_##name,
    MLRT__COLUMNS(C)
#undef C
        MLRT__COLUMN_COUNT
} mlrt__column;

typedef struct mlrt__axis {
    const char *label; /* or NULL */
    bool log;
    bool whole;       /* ticks at whole numbers only */
    double low, high; /* NAN: from the data */
    double from, to; /* a logarithmic axis over less than two decades has ticks at 1, 2, 5, ... between these; or NAN */
    const char **names; /* of the positions 1, 2, ...; NULL: numbers */
    int32_t name_count;
} mlrt__axis;

typedef struct mlrt__series {
    const char *name; /* NULL: not in the legend */
    bool markers;     /* points on a curve */
} mlrt__series;

typedef struct mlrt__guide {
    bool upright; /* at x = at, else at y = at */
    double at;
    const char *label; /* or NULL */
} mlrt__guide;

typedef struct mlrt__plot {
    mlrt__plot_kind kind;
    const char *title; /* or NULL */
    mlrt__axis x, y, color;
    double width, height; /* in pixels of the .svg; the .png has twice as many */
    bool equal;           /* one unit of x is as long as one of y */
    bool legend;
    bool image;                     /* a heat map with equal cells, better drawn as an image */
    bool diverging;                 /* colours from blue over white to red, else viridis */
    double point_size;              /* of a scatter */
    int column[MLRT__COLUMN_COUNT]; /* counted from 1 as gnuplot does; 0: not there */
    int32_t series_count, guide_count;
    mlrt__series *series;
    mlrt__guide *guides;
} mlrt__plot;

/* Write the gnuplot script that draws ./NAME.csv into ./NAME.svg and ./NAME.png. */
void mlrt__plot_script(FILE *out, const mlrt__plot *plot, const char *name);

/* Run gnuplot on folder/NAME.gp, in that folder, for at most `seconds`. */
mlrt_status mlrt__gnuplot(const char *folder, const char *name, double seconds, mlrt_error *err);

#endif
