package org.edgeprune.draw;

import de.rototor.pdfbox.graphics2d.PdfBoxGraphics2D;
import java.awt.AlphaComposite;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.edgeprune.io.InputException;
import org.edgeprune.io.LibraryLogging;

/** Paints a picture through Java's headless graphics: into a PDF page or a PNG image. */
final class PicturePainter {
    private final Graphics2D g;
    private final ToDoubleBiFunction<String, Font> textWidth;

    private PicturePainter(Graphics2D g, ToDoubleBiFunction<String, Font> textWidth) {
        this.g = g;
        this.textWidth = textWidth;
    }

    /**
     * One PDF page of the picture's size. Java's fonts are needed only for letters that {@link PdfText} does not have.
     *
     * @throws InputException if the picture has such letters and this machine has no fonts
     */
    static byte[] pdf(Picture picture) {
        Headless.prefer();
        LibraryLogging.quiet();
        try (PDDocument document = new PDDocument()) {
            PDRectangle size = new PDRectangle((float) Math.ceil(picture.width()), (float) Math.ceil(picture.height()));
            PDPage page = new PDPage(size);
            document.addPage(page);
            PdfText text = new PdfText(document);
            PdfBoxGraphics2D g = new PdfBoxGraphics2D(document, size);
            g.setFontTextDrawer(text);
            new PicturePainter(g, (string, font) -> width(text, string, font)).paint(picture);
            g.dispose();
            try (PDPageContentStream content = new PDPageContentStream(document, page)) {
                content.drawForm(g.getXFormObject());
            }
            // the same picture gives the same bytes: PDFBox derives the file's identifier from this number, otherwise
            // from the
            // time
            document.setDocumentId((long) SvgWriter.element(picture).hashCode());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            document.save(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double width(PdfText text, String string, Font font) {
        try {
            return text.covers(string) ? text.width(string, font.getSize2D()) : measured(string, font);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A PNG image with two pixels for a point, fewer if that would be more than 50 million pixels. */
    static byte[] png(Picture picture) {
        return PngImage.of(
                picture.width(), picture.height(), g -> new PicturePainter(g, PicturePainter::measured).paint(picture));
    }

    private void paint(Picture picture) {
        picture.shapes().forEach(this::shape);
    }

    private void shape(Picture.Shape shape) {
        switch (shape) {
            case Picture.Band band -> {
                g.setColor(new Color(band.fill()));
                g.fill(new Rectangle2D.Double(
                        band.box().x(),
                        band.box().y(),
                        band.box().width(),
                        band.box().height()));
            }
            case Picture.Line line -> {
                g.setComposite(AlphaComposite.getInstance(AlphaComposite.SRC_OVER, (float) line.opacity()));
                Path2D path = path(line.curve().points());
                if (line.arrow()) {
                    List<Curve.Point> arrow = line.curve().arrow(line.width());
                    path.moveTo(arrow.get(0).x(), arrow.get(0).y());
                    path.lineTo(arrow.get(1).x(), arrow.get(1).y());
                    path.lineTo(arrow.get(2).x(), arrow.get(2).y());
                }
                stroke(path, line.colour(), line.width());
                g.setComposite(AlphaComposite.SrcOver);
            }
            case Picture.Node node -> {
                box(node.box(), node.fill());
                double baseline = node.box().y() + node.box().height() / 2 + node.fontSize() * 0.35;
                Font font = font(node.fontSize(), false);
                text(
                        node.label(),
                        font,
                        node.box().centre() - textWidth.applyAsDouble(node.label(), font) / 2,
                        baseline);
            }
            case Picture.Swatch swatch
            when swatch.line() -> {
                double y = swatch.box().y() + swatch.box().height() / 2;
                stroke(
                        new Line2D.Double(
                                swatch.box().x(),
                                y,
                                swatch.box().x() + swatch.box().width(),
                                y),
                        swatch.colour(),
                        1);
            }
            case Picture.Swatch swatch -> box(swatch.box(), swatch.colour());
            case Picture.Text text -> {
                g.setColor(new Color(text.colour()));
                text(text.text(), font(text.fontSize(), text.bold()), text.x(), text.y());
            }
        }
    }

    private void text(String text, Font font, double x, double y) {
        g.setFont(font);
        g.drawString(text, (float) x, (float) y);
    }

    private static double measured(String text, Font font) {
        Headless.requireFonts();
        return font.getStringBounds(text, new FontRenderContext(null, true, true))
                .getWidth();
    }

    private void box(Box box, int fill) {
        java.awt.Shape outline = new RoundRectangle2D.Double(box.x(), box.y(), box.width(), box.height(), 6, 6);
        g.setColor(new Color(fill));
        g.fill(outline);
        stroke(outline, 0x404040, 0.6);
        g.setColor(Color.BLACK);
    }

    private void stroke(java.awt.Shape shape, int colour, double width) {
        g.setColor(new Color(colour));
        g.setStroke(new BasicStroke((float) width));
        g.draw(shape);
    }

    private static Font font(double size, boolean bold) {
        return new Font(Font.SANS_SERIF, bold ? Font.BOLD : Font.PLAIN, 1).deriveFont((float) size);
    }

    private static Path2D path(List<Curve.Point> points) {
        Path2D path = new Path2D.Double();
        path.moveTo(points.get(0).x(), points.get(0).y());
        for (int i = 1; i < points.size(); i += 3) {
            Curve.Point a = points.get(i);
            Curve.Point b = points.get(i + 1);
            Curve.Point c = points.get(i + 2);
            path.curveTo(a.x(), a.y(), b.x(), b.y(), c.x(), c.y());
        }
        return path;
    }
}
