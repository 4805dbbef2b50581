package org.edgeprune.draw;

import de.rototor.pdfbox.graphics2d.IPdfBoxGraphics2DFontTextDrawer;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.font.TextAttribute;
import java.io.IOException;
import java.io.InputStream;
import java.text.AttributedCharacterIterator;
import java.text.CharacterIterator;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.font.PDFont;
import org.apache.pdfbox.pdmodel.font.PDType0Font;
import org.apache.pdfbox.pdmodel.graphics.state.RenderingMode;
import org.apache.pdfbox.util.Matrix;

/**
 * Writes the text of a PDF page as text, in an embedded subset of Liberation Sans, which is part of PDFBox: it can be
 * searched and copied, and looks the same on every machine. Bold text is the same font with outlined letters.
 *
 * <p>Texts with letters that the font does not have are drawn as outlines of Java's fonts instead.
 */
final class PdfText implements IPdfBoxGraphics2DFontTextDrawer {
    private static final String FONT = "/org/apache/pdfbox/resources/ttf/LiberationSans-Regular.ttf";
    /** The width of a bold letter's outline, relative to the font size. */
    private static final float BOLD = 0.04f;

    private final PDFont font;

    PdfText(PDDocument document) throws IOException {
        try (InputStream in = PDFont.class.getResourceAsStream(FONT)) {
            if (in == null) {
                throw new IllegalStateException("PDFBox without " + FONT);
            }
            font = PDType0Font.load(document, in, true);
        }
    }

    /** Whether the font has every letter of the text. */
    boolean covers(String text) throws IOException {
        try {
            font.encode(text);
            return true;
        } catch (IllegalArgumentException e) { // PDFBox reports a missing glyph this way
            return false;
        }
    }

    /** The width of a text that is {@linkplain #covers covered}, in points at this font size. */
    double width(String text, double size) throws IOException {
        return font.getStringWidth(text) / 1000 * size;
    }

    @Override
    public boolean canDrawText(AttributedCharacterIterator text, IFontTextDrawerEnv page) throws IOException {
        if (covers(string(text))) {
            return true;
        }
        Headless.requireFonts();
        return false;
    }

    @Override
    public void drawText(AttributedCharacterIterator text, IFontTextDrawerEnv page) throws IOException {
        Font asked = (Font) text.getAttribute(TextAttribute.FONT);
        PDPageContentStream out = page.getContentStream();
        out.beginText();
        page.applyPaint(page.getPaint(), null);
        out.setFont(font, asked.getSize2D());
        if (asked.isBold()) {
            out.setStrokingColor((Color) page.getPaint());
            out.setLineWidth(BOLD * asked.getSize2D());
            out.setRenderingMode(RenderingMode.FILL_STROKE);
        }
        out.setTextMatrix(new Matrix(1, 0, 0, -1, 0, 0)); // upright: the page's y goes down
        out.showText(string(text));
        out.endText();
    }

    @Override
    public FontMetrics getFontMetrics(Font asked, IFontTextDrawerEnv page) {
        throw new UnsupportedOperationException("texts are measured by width(text, size)");
    }

    private static String string(AttributedCharacterIterator text) {
        StringBuilder all = new StringBuilder();
        for (char c = text.first(); c != CharacterIterator.DONE; c = text.next()) {
            all.append(c);
        }
        text.first();
        return all.toString();
    }
}
