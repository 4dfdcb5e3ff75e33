/* plot_script.c - the gnuplot script of a plot: light grid, no box, legend beside, colours that everybody can tell apart.
 */
#include "dsl/plot.h"
#include <math.h>
#include <string.h>

static const char ink[] = "#1a1a1a", text_ink[] = "#333333", line_ink[] = "#595959", grid_ink[] = "#e6e6e6";

/* Okabe and Ito 2008, "Color universal design"; yellow, weak on white, last. */
static const char *const colors[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                     "#E69F00", "#56B4E9", "#000000", "#F0E442"};
enum { COLORS = sizeof colors / sizeof *colors };

/* viridis (Smith and van der Walt 2015), and the diverging RdBu of ColorBrewer, in equal steps. */
static const char viridis[] =
    "0 '#440154', 1 '#482475', 2 '#414487', 3 '#355F8D', 4 '#2A788E', 5 '#21918C', 6 '#22A884', "
    "7 '#44BF70', 8 '#7AD151', 9 '#BDDF26', 10 '#FDE725'";
static const char blue_red[] =
    "0 '#2166AC', 1 '#4393C3', 2 '#92C5DE', 3 '#D1E5F0', 4 '#F7F7F7', 5 '#FDDBC7', 6 '#F4A582', "
    "7 '#D6604D', 8 '#B2182B'";

/* A colour for each of n things, or for values that lie between others. */
static void palette(FILE *out, const mlrt__plot *p) {
    const int32_t n = p->color.name_count;
    if (!n) {
        fprintf(out, "set palette defined (%s)\n", p->diverging ? blue_red : viridis);
        return;
    }
    fprintf(out, "set palette maxcolors %d\nset palette defined (", n);
    for (int32_t i = 0; i < n || i < 2; i++) fprintf(out, "%s%d '%s'", i ? ", " : "", i, colors[i % n % COLORS]);
    fputs(")\n", out);
}

/* A string that gnuplot takes as it is: in single quotes it substitutes nothing. It reads a doubled quote wrongly when
 * that comes first, so that a quote becomes the typographic one. */
static void quoted(FILE *out, const char *text) {
    putc('\'', out);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '\'')
            fputs("\u2019", out);
        else
            putc(c < 0x20 || c == 0x7f ? ' ' : c, out);
    }
    putc('\'', out);
}

/* A file beside the script; "./" keeps a name from being taken for a command ("< ls") or an option. */
static void file(FILE *out, const char *name, const char *extension) { fprintf(out, "'./%s%s'", name, extension); }

static void bound(FILE *out, double x) {
    if (isfinite(x))
        fprintf(out, "%.17g", x);
    else
        putc('*', out);
}

/* ---- axes ---- */

/* Ticks at 1, 2 and 5 times the powers of ten; gnuplot leaves out those beyond the axis. */
static void fine_ticks(FILE *out, const mlrt__axis *a, const char *name) {
    const char *separator = "";
    fprintf(out, "set %stics (", name);
    for (double power = pow(10, floor(log10(a->from))); power <= 10 * a->to; power *= 10)
        for (int digit = 1; digit <= 5; digit += digit + digit / 2) {
            fprintf(out, "%s'%g' %.17g", separator, power * digit, power * digit);
            separator = ", ";
        }
    fputs(")\n", out);
}

/* The characters of the longest name, if names side by side would touch and so stand aslant; else 0. */
static int aslant(const mlrt__axis *a, double width) {
    enum { CHARACTER = 8, AROUND = 180 }; /* pixels of a character, and of what is beside the axis */
    int longest = 0;
    for (int32_t i = 0; i < a->name_count; i++)
        if ((int)strlen(a->names[i]) > longest) longest = (int)strlen(a->names[i]);
    return longest * CHARACTER * a->name_count > width - AROUND ? longest : 0;
}

static void names_as_ticks(FILE *out, const mlrt__axis *a, const char *name, double width) {
    const bool slant = *name == 'x' && aslant(a, width);
    for (int32_t i = 0; i < a->name_count; i++) {
        fprintf(out, "set %stics %s(", name,
                i       ? "add "
                : slant ? "noenhanced scale 0 rotate by 30 right "
                        : "noenhanced scale 0 ");
        quoted(out, a->names[i]);
        fprintf(out, " %d)\n", i + 1);
    }
}

static void axis(FILE *out, const mlrt__axis *a, const char *name, const char *label_place, double width) {
    const bool fine = a->log && a->from > 0 && a->to < 100 * a->from;
    fprintf(out, "set format %s '%s'\n", name, a->log && !fine ? "10^{%T}" : "%h");
    if (a->log) fprintf(out, "set logscale %s 10\n", name);
    if (fine) fine_ticks(out, a, name);
    if (a->whole) fprintf(out, "set %stics 1\n", name);
    fprintf(out, "set %srange [", name);
    bound(out, a->low);
    putc(':', out);
    bound(out, a->high);
    fputs(a->name_count && *name == 'y' ? "] reverse\n" : "]\n", out); /* rows of names are read from the top */
    names_as_ticks(out, a, name, width);
    if (!a->label) return;
    fprintf(out, "set %slabel ", name);
    quoted(out, a->label);
    fprintf(out, " noenhanced textcolor rgb '%s' offset %s\n", text_ink, label_place);
}

static void guides(FILE *out, const mlrt__plot *p) {
    for (int32_t i = 0; i < p->guide_count; i++) {
        const mlrt__guide *g = &p->guides[i];
        const char *from = g->upright ? "first %.17g, graph 0" : "graph 0, first %.17g";
        const char *to = g->upright ? " to first %.17g, graph 1" : " to graph 1, first %.17g";
        fputs("set arrow from ", out);
        fprintf(out, from, g->at);
        fprintf(out, to, g->at);
        fprintf(out, " nohead dashtype (10,8) lw 1 lc rgb '%s' back\n", line_ink);
        if (!g->label) continue;
        fputs("set label ", out);
        quoted(out, g->label);
        fprintf(out,
                g->upright ? " at first %.17g, graph 0.97 offset 0.5,0"
                           : " at graph 0.99, first %.17g right offset 0,0.5",
                g->at);
        fprintf(out, " noenhanced font ',10' textcolor rgb '%s'\n", line_ink);
    }
}

static void style(FILE *out, const mlrt__plot *p) {
    const bool cells = p->kind == MLRT__HEATMAP, bar = p->column[MLRT__COLUMN_color] > 0;
    fputs("set encoding utf8\nset datafile separator comma\n", out);
    fprintf(out, "set border %d back lw 0.75 lc rgb '%s'\n", cells ? 0 : 3, line_ink);
    fprintf(out, "set tics nomirror out scale 0.5,0.25 textcolor rgb '%s'\n", text_ink);
    if (!cells) fprintf(out, "set grid x y lt 1 lw 0.6 lc rgb '%s', lt 1 lw 0.6 lc rgb '%s'\n", grid_ink, grid_ink);
    for (int i = 0; i < COLORS; i++) fprintf(out, "set linetype %d lc rgb '%s' lw 2 pt 7\n", i + 1, colors[i]);
    fprintf(out, "set linetype cycle %d\n", COLORS);
    if (p->legend) /* beside, unless the colours are there */
        fprintf(
            out,
            "set key %s right top vertical Left reverse samplen 1.3 spacing 1.25 width 0 noenhanced textcolor rgb '%s'\n",
            bar ? "inside" : "outside", text_ink);
    else
        fputs("set key off\n", out);
    fprintf(out, "set tmargin at screen %g\nset bmargin %g\n", p->title ? 0.885 : 0.95,
            (p->x.label ? 3.7 : 2.4) + 0.22 * aslant(&p->x, p->width));
    if (p->title) {
        fputs("set label ", out);
        quoted(out, p->title);
        fprintf(out, " at graph 0, screen 0.945 left noenhanced font ',15' textcolor rgb '%s'\n", ink);
    }
    axis(out, &p->x, "x", "0,0.2", p->width);
    axis(out, &p->y, "y", "0.3,0", p->width);
    if (bar) {
        axis(out, &p->color, "cb", "0.6,0", p->width);
        palette(out, p);
        fputs("set colorbox user origin graph 1.04, graph 0 size 0.022, graph 1 noborder\n", out);
    }
    if (!p->legend || bar) fprintf(out, "set rmargin at screen %g\n", !bar ? 0.965 : p->color.name_count ? 0.77 : 0.81);
    if (p->equal) fputs("set size ratio -1\n", out);
    if (p->kind == MLRT__SCATTER && !p->x.log && !p->y.log)
        fputs("set offsets graph 0.04, graph 0.04, graph 0.04, graph 0.04\n", out);
    if (p->kind == MLRT__CURVES || p->kind == MLRT__HISTOGRAM) fputs("set autoscale xfix\n", out);
    if (cells) fputs("set autoscale xfix\nset autoscale yfix\n", out);
    if (bar) fputs("set autoscale cbfix\n", out);
    guides(out, p);
}

/* ---- what is drawn ---- */

#define AT(p, name) ((p)->column[MLRT__COLUMN_##name])

static void band(FILE *out, const mlrt__plot *p, int32_t i) {
    fprintf(out, "using %d:%d:%d with filledcurves fs transparent solid 0.18 noborder lt %d", AT(p, x), AT(p, low),
            AT(p, high), i + 1);
}

static void curve(FILE *out, const mlrt__plot *p, int32_t i) {
    fprintf(out, "using %d:%d with %s lt %d", AT(p, x), AT(p, y),
            p->series[i].markers ? "linespoints ps 0.55" : "lines", i + 1);
}

static void error_bars(FILE *out, const mlrt__plot *p, int32_t i) {
    fprintf(out, "using %d:%d:%d:%d with yerrorbars lt %d lw 1 ps 0", AT(p, x), AT(p, y), AT(p, low), AT(p, high),
            i + 1);
}

static void points(FILE *out, const mlrt__plot *p, int32_t i) {
    if (AT(p, color))
        fprintf(out, "using %d:%d:%d with points pt 7 ps %g lc palette", AT(p, x), AT(p, y), AT(p, color),
                p->point_size);
    else
        fprintf(out, "using %d:%d with points lt %d ps %g", AT(p, x), AT(p, y), i + 1, p->point_size);
}

static void names(FILE *out, const mlrt__plot *p, int32_t i) {
    (void)i;
    fprintf(out, "using %d:%d:%d with labels left offset 0.5,0.45 font ',10' textcolor rgb '%s' noenhanced", AT(p, x),
            AT(p, y), AT(p, label), text_ink);
}

static void bars(FILE *out, const mlrt__plot *p, int32_t i) {
    fprintf(out, "using (($%d+$%d)/2):%d:($%d-$%d) with boxes fs %s lt %d lw 0.5", AT(p, low), AT(p, high),
            AT(p, count), AT(p, high), AT(p, low),
            p->series_count > 1 ? "transparent solid 0.5 noborder" : "solid 0.9 border rgb 'white'", i + 1);
}

/* Drawn one over the other, each for all series whose data have the column. */
static const struct {
    mlrt__plot_kind kind;
    mlrt__column needs;
    bool titled; /* the one that the legend shows */
    void (*draw)(FILE *out, const mlrt__plot *p, int32_t i);
} layers[] = {
    {MLRT__CURVES, MLRT__COLUMN_low, false, band},        {MLRT__CURVES, MLRT__COLUMN_y, true, curve},
    {MLRT__SCATTER, MLRT__COLUMN_low, false, error_bars}, {MLRT__SCATTER, MLRT__COLUMN_y, true, points},
    {MLRT__SCATTER, MLRT__COLUMN_label, false, names},    {MLRT__HISTOGRAM, MLRT__COLUMN_count, true, bars},
};

static void series(FILE *out, const mlrt__plot *p, const char *name) {
    const char *separator = "plot ";
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++)
        for (int32_t i = 0; layers[k].kind == p->kind && p->column[layers[k].needs] && i < p->series_count; i++) {
            fputs(separator, out);
            file(out, name, ".csv");
            fprintf(out, " index %d ", i);
            layers[k].draw(out, p, i);
            const bool titled = layers[k].titled && p->series[i].name;
            fputs(titled ? " title " : " notitle", out);
            if (titled) quoted(out, p->series[i].name);
            separator = ", \\\n     ";
        }
    putc('\n', out);
}

static void cells(FILE *out, const mlrt__plot *p, const char *name) {
    fputs("plot ", out);
    file(out, name, ".csv");
    if (p->image)
        fprintf(out, " using %d:%d:%d with image\n", AT(p, x), AT(p, y), AT(p, color));
    else
        fprintf(out, " using %d:%d:%d:%d:%d:%d:%d with boxxyerror lc palette lw 0.6 fs solid 1 border\n", AT(p, x),
                AT(p, y), AT(p, x_low), AT(p, x_high), AT(p, y_low), AT(p, y_high), AT(p, color));
}

/* ---- the whole ---- */

void mlrt__plot_script(FILE *out, const mlrt__plot *p, const char *name) {
    fputs("# Made by mlrt. Draw it again, in this folder, with gnuplot and the name of this file.\n", out);
    style(out, p);
    fprintf(out,
            "\nset terminal svg enhanced size %g,%g fixed name 'plot' background rgb 'white' font 'sans-serif,12'\n",
            p->width, p->height);
    fputs("set output ", out);
    file(out, name, ".svg");
    putc('\n', out);
    if (p->kind == MLRT__HEATMAP)
        cells(out, p, name);
    else
        series(out, p, name);
    fprintf(out,
            "\nset terminal pngcairo enhanced size %g,%g fontscale 2 linewidth 2 pointscale 2 background rgb 'white' "
            "font 'sans-serif,12'\n",
            2 * p->width, 2 * p->height);
    fputs("set output ", out);
    file(out, name, ".png");
    fputs("\nreplot\nset output\n", out);
}
